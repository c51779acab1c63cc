#include "supervisor/control/control_server.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "common/log/logging.h"

namespace sutra::supervisor {
namespace {

/// The peer's uid at the time of connect(2). Nullopt on an error: the caller must then refuse the client.
std::optional<uid_t> peer_of(int connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return {};
  return peer.uid;
}

}  // namespace

bool may_operate(uid_t peer) { return peer == 0 || peer == geteuid(); }

ControlServer::ControlServer(EventLoop& loop, std::string path, Request request, PeerCheck allowed)
    : loop_(loop), path_(std::move(path)), request_(std::move(request)), allowed_(std::move(allowed)) {}

Result<std::unique_ptr<ControlServer>> ControlServer::open(EventLoop& loop, const std::string& path,
                                                           UniqueFd listener, Request request,
                                                           PeerCheck allowed) {
  std::unique_ptr<ControlServer> server(
      new ControlServer(loop, path, std::move(request), std::move(allowed)));
  if (listener) {
    server->listen(std::move(listener));
    server->keep_bound();
  } else if (const Status bound = server->bind_anew(); !bound) {
    return bound.error();
  }
  return server;
}

Status ControlServer::bind_anew() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof address.sun_path) {
    return make_error("bind control socket", path_,
                      "a socket's path has at most " + std::to_string(sizeof address.sun_path - 1) + " bytes",
                      "choose a shorter agent.runtime_dir");
  }
  std::memcpy(address.sun_path, path_.c_str(), path_.size() + 1);
  UniqueFd fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return errno_error("make control socket", path_);
  // We hold the lock on runtime_dir, so no other agent listens here: an existing file is left over from a
  // crash.
  unlink(path_.c_str());
  // By umask and not by a later chmod: between bind and chmod any user could connect.
  const mode_t before = umask(0177);
  const int bound = bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int why = errno;
  umask(before);
  errno = why;
  if (bound != 0) return errno_error("bind control socket", path_);
  if (::listen(fd.get(), 16) != 0) return errno_error("listen on control socket", path_);
  listen(std::move(fd));
  return {};
}

void ControlServer::listen(UniqueFd listener) {
  listener_watch_.stop();  // before its descriptor is closed: libuv must not poll a closed descriptor
  listener_ = std::move(listener);
  listener_watch_ = FdWatch(loop_, listener_.get(), UV_READABLE, [this](int) { accept_all(); });
}

void ControlServer::keep_bound() {
  struct stat there {};
  if (lstat(path_.c_str(), &there) == 0 || errno != ENOENT) return;
  if (const Status bound = bind_anew(); bound) {
    log::warning("the control socket " + path_ + " was removed; it was created again");
  }
}

void ControlServer::accept_all() {
  for (;;) {
    UniqueFd connection(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!connection) return;
    const auto peer = peer_of(connection.get());
    if (!peer || !allowed_(*peer) || clients_.size() >= kMaxClients) continue;
    (void)adopt(std::move(connection));
  }
}

std::uint64_t ControlServer::adopt(UniqueFd connection) {
  const std::uint64_t id = next_client_++;
  clients_[id] = std::make_unique<Pump>(
      loop_, std::move(connection),
      Pump::Hooks{[this, id](const ipc::FromOperator& message) { request_(message, id); },
                  [this, id](ipc::PeerEnd end, const std::string& why) { on_end(id, end, why); }});
  return id;
}

int ControlServer::client_fd(std::uint64_t client) const {
  const auto at = clients_.find(client);
  return at == clients_.end() ? -1 : at->second->fd();
}

void ControlServer::on_end(std::uint64_t client, ipc::PeerEnd end, const std::string& why) {
  if (end == ipc::PeerEnd::kBrokeProtocol) {
    log::warning("a client of the control socket broke the protocol: " + why);
  } else if (end == ipc::PeerEnd::kFailed) {
    log::warning("a client of the control socket is disconnected: " + why);
  }
  clients_.erase(client);
}

}  // namespace sutra::supervisor
