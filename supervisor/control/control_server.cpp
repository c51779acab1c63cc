#include "supervisor/control/control_server.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>
#include <variant>

#include "common/log/logging.h"

namespace sutra::supervisor {
namespace {

constexpr std::size_t kMaxClients = 64;

/// SO_PEERCRED: who connected, as the kernel saw it then.
bool allowed(int connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == 0 || peer.uid == geteuid();
}

}  // namespace

ControlServer::ControlServer(EventLoop& loop, std::string path, Request request)
    : loop_(loop), path_(std::move(path)), request_(std::move(request)) {}

Result<std::unique_ptr<ControlServer>> ControlServer::open(EventLoop& loop, const std::string& path,
                                                           UniqueFd listener, Request request) {
  std::unique_ptr<ControlServer> server(new ControlServer(loop, path, std::move(request)));
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
  // Whoever holds the lock on runtime_dir is the only one to bind here, so what lies there is stale.
  unlink(path_.c_str());
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
  listener_watch_.stop();
  listener_ = std::move(listener);
  listener_watch_ = FdWatch(loop_, listener_.get(), UV_READABLE, [this](int) { accept_all(); });
}

void ControlServer::keep_bound() {
  struct stat there {};
  if (lstat(path_.c_str(), &there) == 0 || errno != ENOENT) return;
  if (const Status bound = bind_anew(); bound) {
    log::warning("the control socket " + path_ + " had been removed; it is there again");
  }
}

void ControlServer::accept_all() {
  for (;;) {
    UniqueFd connection(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!connection) return;
    if (!allowed(connection.get()) || clients_.size() >= kMaxClients) continue;
    (void)adopt(std::move(connection));
  }
}

std::uint64_t ControlServer::adopt(UniqueFd connection) {
  const std::uint64_t id = next_client_++;
  auto client = std::make_unique<Client>(std::move(connection));
  client->watch = FdWatch(loop_, client->channel.fd(), UV_READABLE, [this, id](int) { on_client(id); });
  clients_[id] = std::move(client);
  return id;
}

int ControlServer::client_fd(std::uint64_t client) const {
  const auto at = clients_.find(client);
  return at == clients_.end() ? -1 : at->second->channel.fd();
}

void ControlServer::on_client(std::uint64_t id) {
  for (;;) {
    const auto at = clients_.find(id);
    if (at == clients_.end()) return;
    const auto received = at->second->channel.receive();
    if (std::holds_alternative<ipc::Channel::Empty>(received)) return;
    const auto* packet = std::get_if<std::span<const std::byte>>(&received);
    if (packet == nullptr) return drop(id);
    const auto message = ipc::decode<ipc::FromOperator>(*packet);
    if (!message) {
      log::warning("a client of the control socket broke the protocol: " + message.error().message());
      return drop(id);
    }
    request_(message.value(), id);
  }
}

void ControlServer::drop(std::uint64_t client) { clients_.erase(client); }

}  // namespace sutra::supervisor
