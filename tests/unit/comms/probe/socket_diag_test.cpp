#include "comms/probe/socket_diag.h"

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <fstream>
#include <set>
#include <sstream>
#include <tuple>

#include "common/unique_fd.h"

namespace sutra::comms {
namespace {

using Row = std::tuple<std::array<std::uint8_t, 16>, std::uint16_t, std::uint32_t>;

/// A listener on any free port of `address`.
class ListeningSocket {
 public:
  explicit ListeningSocket(const in_addr& address) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr = address;
    listen_on(where, where.sin_port);
  }
  explicit ListeningSocket(const in6_addr& address) : fd_(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in6 where{};
    where.sin6_family = AF_INET6;
    where.sin6_addr = address;
    listen_on(where, where.sin6_port);
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }  ///< 0: the host lacks the family

 private:
  template <typename Where>
  void listen_on(Where& where, const in_port_t& port) {
    socklen_t size = sizeof where;
    auto* address = reinterpret_cast<sockaddr*>(&where);
    if (fd_ && bind(fd_.get(), address, size) == 0 && listen(fd_.get(), 4) == 0 &&
        getsockname(fd_.get(), address, &size) == 0)
      port_ = ntohs(port);
  }

  UniqueFd fd_;
  std::uint16_t port_ = 0;
};

std::set<Row> rows_of(const std::vector<Listener>& listeners, const std::set<std::uint16_t>& ports) {
  std::set<Row> rows;
  for (const auto& each : listeners) {
    if (ports.contains(each.port)) rows.emplace(each.address, each.port, each.uid);
  }
  return rows;
}

std::vector<Listener> listeners_in_proc(const char* path, bool v6) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  std::vector<Listener> listeners;
  parse_listeners(text.str(), v6, listeners);
  return listeners;
}

TEST(SocketDiag, TellsWhatTheTablesInProcTell) {
  std::vector<Listener> v4, v6;
  if (!ask_for_listeners(AF_INET, v4)) GTEST_SKIP() << "the kernel does not answer over netlink";
  v4.clear();
  const ListeningSocket one(in_addr{htonl(INADDR_LOOPBACK)}), all(in_addr{INADDR_ANY});
  const ListeningSocket one6(in6addr_loopback), all6(in6addr_any);
  const std::set<std::uint16_t> ports{one.port(), all.port(), one6.port(), all6.port()};
  // A connection to one of them has its port, and is no listener.
  const UniqueFd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(one.port());
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(connect(client.get(), reinterpret_cast<sockaddr*>(&to), sizeof to), 0);

  ASSERT_TRUE(ask_for_listeners(AF_INET, v4));
  EXPECT_EQ(rows_of(v4, ports), rows_of(listeners_in_proc("/proc/self/net/tcp", false), ports));
  EXPECT_EQ(rows_of(v4, ports).size(), 2U);
  if (one6.port() == 0) return;
  ASSERT_TRUE(ask_for_listeners(AF_INET6, v6));
  EXPECT_EQ(rows_of(v6, ports), rows_of(listeners_in_proc("/proc/self/net/tcp6", true), ports));
  EXPECT_EQ(rows_of(v6, ports).size(), 2U);
}

}  // namespace
}  // namespace sutra::comms
