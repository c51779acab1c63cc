// The operator's way in: runtime_dir/control.sock, 0600, only root and our own user, whatever the mode says.
// Supervisor.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/loop/fd_watch.h"
#include "common/result.h"
#include "common/unique_fd.h"
#include "ipc/channel.h"

namespace sutra::supervisor {

class ControlServer {
 public:
  /// `request(message, client)`: answer later with send(client, ...); a client that went away is no error.
  using Request = std::function<void(const ipc::FromOperator&, std::uint64_t client)>;

  /// Binds `path` anew, or goes on with `listener` (carried over a re-exec) when it is valid.
  [[nodiscard]] static Result<std::unique_ptr<ControlServer>> open(EventLoop& loop, const std::string& path,
                                                                   UniqueFd listener, Request request);

  template <typename Message>
  void send(std::uint64_t client, const Message& message) {
    const auto at = clients_.find(client);
    if (at != clients_.end() && !at->second->channel.send(message)) drop(client);
  }
  /// Takes over a connection whose owner waits for an answer across a re-exec.
  std::uint64_t adopt(UniqueFd connection);

  /// Descriptors to carry over a re-exec; still owned here.
  [[nodiscard]] int listener_fd() const { return listener_.get(); }
  [[nodiscard]] int client_fd(std::uint64_t client) const;
  /// Binds again when somebody removed the socket's file.
  void keep_bound();

 private:
  struct Client {
    explicit Client(UniqueFd fd) : channel(std::move(fd)) {}
    ipc::Channel channel;
    FdWatch watch;
  };
  ControlServer(EventLoop& loop, std::string path, Request request);
  [[nodiscard]] Status bind_anew();
  void listen(UniqueFd listener);
  void accept_all();
  void on_client(std::uint64_t client);
  void drop(std::uint64_t client);

  EventLoop& loop_;
  std::string path_;
  Request request_;
  UniqueFd listener_;
  FdWatch listener_watch_;
  std::map<std::uint64_t, std::unique_ptr<Client>> clients_;
  std::uint64_t next_client_ = 1;
};

}  // namespace sutra::supervisor
