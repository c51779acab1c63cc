// Listeners as the kernel reports them, for sockets that this test opens.
#include "common/listeners/listeners.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstddef>
#include <map>

#include "common/listeners/proc_net_tcp.h"
#include "common/listeners/sock_diag.h"
#include "tests/support/files.h"
#include "tests/support/in_child.h"
#include "tests/unit/common/listeners/open_listener.h"

namespace sutra {
namespace {

using test::OpenListener;
using test::slurp;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// Those of `listeners` on the ports of `sockets`, by port.
std::map<std::uint16_t, Listener> ours(const std::vector<Listener>& listeners,
                                       const std::vector<const OpenListener*>& sockets) {
  std::map<std::uint16_t, Listener> found;
  for (const OpenListener* socket : sockets) {
    for (const Listener& each : listeners) {
      if (each.port == socket->port()) found[each.port] = each;
    }
  }
  return found;
}

/// The inode of our own cgroup v2 directory, if one is mounted.
std::optional<std::uint64_t> own_cgroup_inode() {
  const std::string text = slurp("/proc/self/cgroup");
  const auto at = text.find("0::/");
  if (at == std::string::npos) return std::nullopt;
  const std::string path = text.substr(at + 3, text.find('\n', at) - at - 3);
  for (const char* mount : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
    struct stat found {};
    if (::access((std::string(mount) + "/cgroup.procs").c_str(), F_OK) == 0 &&
        ::access((std::string(mount) + "/cgroup.controllers").c_str(), F_OK) == 0 &&
        ::stat((mount + path).c_str(), &found) == 0)
      return found.st_ino;
  }
  return std::nullopt;
}

TEST(Listeners, SockDiagAndProcAgree) {
  std::vector<Listener> diag, proc;
  if (!ask_sock_diag(0, diag)) GTEST_SKIP() << "the kernel does not answer over netlink";
  const OpenListener one(test::loopback4()), any(test::any4()), one6(in6addr_loopback), any6(in6addr_any);
  std::vector<const OpenListener*> sockets{&one, &any};
  if (one6.port() != 0) sockets.insert(sockets.end(), {&one6, &any6});
  // A connection in the accept queue has the same port, but is not a listener.
  const UniqueFd client = test::connect_to(one.port());
  ASSERT_TRUE(client.valid());

  diag.clear();
  ASSERT_TRUE(ask_sock_diag(0, diag));
  ASSERT_TRUE(read_proc_net_tcp(proc));
  auto told = ours(diag, sockets);
  ASSERT_THAT(told, SizeIs(sockets.size()));
  EXPECT_EQ(told.at(one.port()).accept_queue, 1U);
  for (auto& [port, listener] : told) {
    EXPECT_EQ(listener.uid, ::geteuid());
    EXPECT_EQ(listener.accept_queue_limit, std::uint32_t{OpenListener::kBacklog});
    if (const auto inode = own_cgroup_inode(); inode && listener.cgroup_id) {
      EXPECT_EQ(listener.cgroup_id, inode);
    }
    listener.accept_queue_limit.reset();  // /proc does not show it
    listener.cgroup_id.reset();
  }
  EXPECT_EQ(told, ours(proc, sockets));
  EXPECT_EQ(address_text(told.at(one.port()).address), "127.0.0.1");
  EXPECT_EQ(told.at(any.port()).address, kAnyIpv4);
  if (one6.port() == 0) return;
  EXPECT_EQ(address_text(told.at(one6.port()).address), "::1");
  EXPECT_EQ(told.at(any6.port()).address, kAnyIpv6);
}

TEST(Listeners, OnlySocketsInListenAreReported) {
  const OpenListener bound(test::loopback4(), false);
  const auto before = tcp_listeners_on(bound.port());
  ASSERT_TRUE(before.ok());
  EXPECT_THAT(before.value(), IsEmpty()) << "bound, but not in LISTEN";
  ASSERT_EQ(::listen(bound.fd().get(), 1), 0);
  const auto after = tcp_listeners_on(bound.port());
  ASSERT_TRUE(after.ok());
  ASSERT_THAT(after.value(), SizeIs(1));
  EXPECT_EQ(after.value()[0].uid, ::geteuid());
}

TEST(Listeners, EveryListenerOfOnePortIsReported) {
  const OpenListener one(test::loopback4()), other(test::any4());
  const auto all = tcp_listeners();
  const auto some = tcp_listeners_on(one.port());
  ASSERT_TRUE(all.ok() && some.ok());
  EXPECT_THAT(ours(all.value(), {&one, &other}), SizeIs(2));
  ASSERT_THAT(some.value(), SizeIs(1));
  EXPECT_EQ(some.value()[0], ours(all.value(), {&one}).at(one.port()));
  EXPECT_THAT(tcp_listeners_on(0).value(), IsEmpty());
}

/// From now on this process can open no netlink socket, as under RestrictAddressFamilies= without AF_NETLINK.
bool refuse_netlink() {
  constexpr auto kArguments = static_cast<std::uint32_t>(offsetof(seccomp_data, args));
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kArguments),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{static_cast<unsigned short>(std::size(program)), program};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}

TEST(Listeners, WithoutNetlinkTheProcFilesAreRead) {
  const OpenListener one(test::loopback4()), other(test::any4());
  EXPECT_EQ(test::in_child([&] {
              std::vector<Listener> none;
              if (!refuse_netlink() || ask_sock_diag(0, none) || !none.empty()) return 2;
              const auto all = tcp_listeners();
              const auto some = tcp_listeners_on(one.port());
              if (!all || ours(all.value(), {&one, &other}).size() != 2) return 3;
              return some && some.value().size() == 1 && some.value()[0].port == one.port() ? 0 : 4;
            }),
            0);
}

}  // namespace
}  // namespace sutra
