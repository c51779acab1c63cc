// The control socket of sutra-agentctl: runtime_dir/control.sock, an AF_UNIX SOCK_SEQPACKET socket of mode
// 0600. The peer's uid (SO_PEERCRED, unix(7)) is checked too, because an operator may change the mode.
// Supervisor, one thread.
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

/// True for root and for the user that the agent runs as.
[[nodiscard]] bool may_operate(uid_t peer);

class ControlServer {
 public:
  /// `request(message, client)`: answer now or later with send(client, ...).
  using Request = std::function<void(const ipc::FromOperator&, std::uint64_t client)>;
  /// True when a process of user `peer` may connect.
  using PeerCheck = std::function<bool(uid_t peer)>;

  /// A further client is disconnected at once, and so is a user who may not connect.
  static constexpr std::size_t kMaxClients = 64;

  /// Uses `listener` when it is valid (passed on by a re-exec), else creates and binds `path`. `loop` must
  /// outlive the server. Fails when the socket cannot be bound; the path has at most 107 bytes (unix(7)).
  [[nodiscard]] static Result<std::unique_ptr<ControlServer>> open(EventLoop& loop, const std::string& path,
                                                                   UniqueFd listener, Request request,
                                                                   PeerCheck allowed = may_operate);

  /// Does nothing when the client has disconnected.
  template <typename Message>
  void send(std::uint64_t client, const Message& message) {
    const auto at = clients_.find(client);
    if (at != clients_.end()) at->second->send(message);
  }
  /// Takes over a connection from before a re-exec whose client still waits for an answer. Returns its id.
  std::uint64_t adopt(UniqueFd connection);

  /// Descriptors to pass on to the new image of a re-exec. Owned by this object; -1: no such client.
  [[nodiscard]] int listener_fd() const { return listener_.get(); }
  [[nodiscard]] int client_fd(std::uint64_t client) const;
  /// Creates the socket again when its file was deleted. Call it periodically.
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
