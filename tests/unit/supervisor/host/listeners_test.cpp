#include "supervisor/host/listeners.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "common/unique_fd.h"

namespace sutra {
namespace {

constexpr const char* kHeader =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

TEST(Listeners, OnlySocketsInListenAreTaken) {
  const auto found = parse_tcp_listeners(std::string(kHeader) +
                                         "   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 "
                                         "00000000   107        0 1234 1 0 100 0 0 10 0\n"
                                         "   1: 0100007F:1F41 0100007F:C350 01 00000000:00000000 00:00000000 "
                                         "00000000     0        0 1235 1 0 100 0 0 10 0\n"
                                         "  12: 00000000:C383 00000000:0000 0A 00000000:00000000 00:00000000 "
                                         "00000000     0        0 1236 1 0 100 0 0 10 0\n");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].address, "127.0.0.1");
  EXPECT_EQ(found[0].port, 8000);
  EXPECT_EQ(found[0].uid, 107U);
  EXPECT_EQ(found[1].address, "0.0.0.0");
  EXPECT_EQ(found[1].port, 50051);
}

TEST(Listeners, SixthVersionIsRead) {
  const auto found =
      parse_tcp_listeners(std::string(kHeader) +
                          "   0: 00000000000000000000000001000000:1F40 00000000000000000000000000000000:0000 "
                          "0A 00000000:00000000 00:00000000 00000000  5        0 1 1 0 100 0 0 10 0\n"
                          "   1: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 "
                          "0A 00000000:00000000 00:00000000 00000000  0        0 1 1 0 100 0 0 10 0\n");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].address, "::1");
  EXPECT_EQ(found[1].address, "::");
  EXPECT_EQ(found[1].port, 80);
}

TEST(Listeners, GarbageIsNobody) {
  EXPECT_TRUE(parse_tcp_listeners("").empty());
  EXPECT_TRUE(parse_tcp_listeners("x\n 0: 0100007F\n 1: 01:1 02:2 0A 0:0 0:0 0 0 0\n").empty());
}

TEST(Listeners, OurOwnListenerIsSeenWithOurUser) {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  const auto is_ours = [&](const Listener& listener) {
    return listener.port == ntohs(address.sin_port) && listener.address == "127.0.0.1" &&
           listener.uid == ::geteuid();
  };
  auto before = tcp_listeners();
  ASSERT_TRUE(before.ok());
  EXPECT_TRUE(std::none_of(before.value().begin(), before.value().end(), is_ours))
      << "bound, but not in LISTEN";
  ASSERT_EQ(::listen(socket.get(), 1), 0);
  const auto after = tcp_listeners();
  ASSERT_TRUE(after.ok());
  EXPECT_TRUE(std::any_of(after.value().begin(), after.value().end(), is_ours));
}

}  // namespace
}  // namespace sutra
