// The operator's way in: runtime_dir/control.sock, 0600, only root and our own user, whatever the mode says.
// Supervisor.
#pragma once
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "common/loop/event_loop.h"
#include "common/loop/fd_watch.h"
#include "common/result.h"
#include "common/unique_fd.h"
#include "ipc/channel_pump.h"

namespace sutra::supervisor {

/// Root, and the user we run as.
[[nodiscard]] bool may_operate(uid_t peer);

class ControlServer {
 public:
  /// `request(message, client)`: answer later with send(client, ...); a client that went away is no error.
  using Request = std::function<void(const ipc::FromOperator&, std::uint64_t client)>;
  /// Whether a process of this user may connect.
  using PeerCheck = std::function<bool(uid_t peer)>;

  /// One more is disconnected at once, as is who may not connect.
  static constexpr std::size_t kMaxClients = 64;

  /// Binds `path` anew, or goes on with `listener` (carried over a re-exec) when it is valid. `loop` outlives
  /// the server.
  [[nodiscard]] static Result<std::unique_ptr<ControlServer>> open(EventLoop& loop, const std::string& path,
                                                                   UniqueFd listener, Request request,
                                                                   PeerCheck allowed = may_operate);

  template <typename Message>
  void send(std::uint64_t client, const Message& message) {
    const auto at = clients_.find(client);
    if (at != clients_.end()) at->second->send(message);
  }
  /// Takes over a connection whose owner waits for an answer across a re-exec.
  std::uint64_t adopt(UniqueFd connection);

  /// Descriptors to carry over a re-exec; still owned here.
  [[nodiscard]] int listener_fd() const { return listener_.get(); }
  [[nodiscard]] int client_fd(std::uint64_t client) const;
  /// Binds again when somebody removed the socket's file.
  void keep_bound();

 private:
  using Pump = ipc::ChannelPump<ipc::FromOperator>;

  ControlServer(EventLoop& loop, std::string path, Request request, PeerCheck allowed);
  [[nodiscard]] Status bind_anew();
  void listen(UniqueFd listener);
  void accept_all();
  void on_end(std::uint64_t client, ipc::PeerEnd end, const std::string& why);

  EventLoop& loop_;
  std::string path_;
  Request request_;
  PeerCheck allowed_;
  UniqueFd listener_;
  FdWatch listener_watch_;
  std::map<std::uint64_t, std::unique_ptr<Pump>> clients_;
  std::uint64_t next_client_ = 1;
};

}  // namespace sutra::supervisor
