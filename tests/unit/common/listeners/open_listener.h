// A real socket in LISTEN on a free port of loopback or of a wildcard address. Tests only.
#pragma once
#include <netinet/in.h>
#include <sys/socket.h>

#include "common/listeners/listener.h"
#include "common/unique_fd.h"

namespace sutra::test {

class OpenListener {
 public:
  /// `listening` false: bound, but not in LISTEN.
  explicit OpenListener(const in_addr& address, bool listening = true)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr = address;
    bind_to(where, where.sin_port, listening);
  }
  explicit OpenListener(const in6_addr& address) : fd_(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in6 where{};
    where.sin6_family = AF_INET6;
    where.sin6_addr = address;
    bind_to(where, where.sin6_port, true);
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }  ///< 0: this host lacks the address family
  [[nodiscard]] const UniqueFd& fd() const { return fd_; }

  static constexpr int kBacklog = 4;

 private:
  template <typename Where>
  void bind_to(Where& where, const in_port_t& port, bool listening) {
    socklen_t size = sizeof where;
    auto* address = reinterpret_cast<sockaddr*>(&where);
    if (fd_ && ::bind(fd_.get(), address, size) == 0 && (!listening || ::listen(fd_.get(), kBacklog) == 0) &&
        ::getsockname(fd_.get(), address, &size) == 0)
      port_ = ntohs(port);
  }

  UniqueFd fd_;
  std::uint16_t port_ = 0;
};

inline in_addr loopback4() { return {htonl(INADDR_LOOPBACK)}; }
inline in_addr any4() { return {htonl(INADDR_ANY)}; }

/// A connection to a port of 127.0.0.1; invalid when it was refused.
inline UniqueFd connect_to(std::uint16_t port) {
  UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(port);
  where.sin_addr = loopback4();
  if (::connect(client.get(), reinterpret_cast<sockaddr*>(&where), sizeof where) != 0) client.reset();
  return client;
}

}  // namespace sutra::test
