// SpawnNode, rule by rule, against the real agent.
#include <gmock/gmock.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <future>
#include <set>
#include <thread>

#include "tests/support/fixture.h"

namespace sutra::e2e {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Spawn : public AgentTest {};

/// A socket in LISTEN of another program.
class Listener {
 public:
  Listener(int family, std::uint16_t port) : fd_(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (family == AF_INET) {
      sockaddr_in a{};
      a.sin_family = AF_INET;
      a.sin_port = htons(port);
      a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      ok_ = bind(fd_, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0 && listen(fd_, 4) == 0;
    } else {
      const int on = 1;
      setsockopt(fd_, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
      sockaddr_in6 a{};
      a.sin6_family = AF_INET6;
      a.sin6_port = htons(port);
      a.sin6_addr = in6addr_loopback;
      ok_ = bind(fd_, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0 && listen(fd_, 4) == 0;
    }
  }
  ~Listener() { close(fd_); }
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  int fd_;
  bool ok_ = false;
};

TEST_F(Spawn, SuccessMeansThatItServes) {
  start();
  const auto r = must_spawn("late300-1");
  EXPECT_EQ(r.node_id(), "late300-1");
  EXPECT_EQ(ask_port(static_cast<std::uint16_t>(r.port()), "PING\n"), "PONG")
      << "at the moment of the answer";
  const auto status = agent.node("late300-1");
  ASSERT_TRUE(status);
  EXPECT_EQ(status->status(), "running");
  EXPECT_EQ(status->pid(), r.pid());
  EXPECT_EQ(status->port(), r.port());
  EXPECT_GT(status->started_at(), 1'700'000'000U);
  EXPECT_EQ(status->restart_count(), 0U);
}

TEST_F(Spawn, PortZeroTakesTheFirstFreePortOfTheRange) {
  const Listener stranger(AF_INET, static_cast<std::uint16_t>(sandbox.range_start() + 1));
  ASSERT_TRUE(stranger.ok());
  start();
  EXPECT_EQ(must_spawn("serve-1").port(), sandbox.range_start());
  EXPECT_EQ(must_spawn("serve-2").port(), sandbox.range_start() + 2U)
      << "another program has one port of the range";
  EXPECT_TRUE(agent.stop_node("serve-1").success());
  EXPECT_EQ(must_spawn("serve-3").port(), sandbox.range_start()) << "ports are given back";
}

TEST_F(Spawn, APortOtherThanZeroIsUsed) {
  start();
  const std::uint16_t port = sandbox.free_port();
  EXPECT_EQ(must_spawn("serve-1", port).port(), port);
}

TEST_F(Spawn, APortInUseIsRefusedAndTheErrorNamesItsListener) {
  const std::uint16_t four = sandbox.free_port();
  const std::uint16_t six = sandbox.free_port();
  const Listener a(AF_INET, four);
  const Listener b(AF_INET6, six);
  ASSERT_TRUE(a.ok() && b.ok());
  start();
  const auto first = must_spawn("serve-1");
  EXPECT_THAT(agent.spawn("serve-2", first.port()).error_message(), HasSubstr("serve-1"));
  EXPECT_THAT(agent.spawn("serve-2", sandbox.agent_port()).error_message(), HasSubstr("agent"));
  EXPECT_THAT(agent.spawn("serve-2", four).error_message(), AllOf(HasSubstr("127.0.0.1"), HasSubstr("uid")));
  EXPECT_THAT(agent.spawn("serve-2", six).error_message(), HasSubstr("::1"));
  EXPECT_THAT(agent.spawn("serve-2", 65536).error_message(), HasSubstr("65535"));
  EXPECT_FALSE(agent.node("serve-2"));
}

TEST_F(Spawn, PathsAreEmptyRelativeOrBeneathAnAllowedRoot) {
  std::filesystem::create_directories(sandbox.at("other"));
  sandbox.set("storage", "allowed_storage_roots", "[\"" + sandbox.at("other") + "\"]");
  start();
  must_spawn("serve-1");
  EXPECT_EQ(agent.node("serve-1")->storage_path(), sandbox.at("data/serve-1"));
  must_spawn("serve-2", 0, "deep/er");
  EXPECT_EQ(agent.node("serve-2")->storage_path(), sandbox.at("data/deep/er"));
  must_spawn("serve-3", 0, sandbox.at("other/x"));
  EXPECT_EQ(agent.node("serve-3")->storage_path(), sandbox.at("other/x"));
  must_spawn("serve-4", 0, sandbox.at("data/y"));
}

TEST_F(Spawn, OtherPathsAreRefusedWithAdvice) {
  start();
  must_spawn("serve-1", 0, "a/b");
  std::filesystem::create_symlink("/tmp", sandbox.at("data/link"));
  for (const std::string& path :
       {std::string("/tmp/elsewhere"), sandbox.at("data"), std::string("../x"), std::string("a/../c"),
        std::string("a/b"), std::string("a"), std::string("a/b/c"), std::string("link/x"),
        std::string(256, 'x'), std::string("link")}) {
    const auto r = agent.spawn("serve-2", 0, path);
    EXPECT_FALSE(r.success()) << path;
    EXPECT_FALSE(r.error_message().empty()) << path;
    EXPECT_FALSE(agent.node("serve-2")) << path;
  }
  EXPECT_THAT(agent.spawn("serve-2", 0, "/tmp/elsewhere").error_message(),
              HasSubstr("relative storage_path"));
}

TEST_F(Spawn, OutsidePathsAreIgnoredWhenConfiguredSo) {
  sandbox.set("storage", "outside_storage_path", "\"ignore\"");
  start();
  must_spawn("serve-1", 0, "/tmp/elsewhere");
  EXPECT_EQ(agent.node("serve-1")->storage_path(), sandbox.at("data/serve-1"));
  EXPECT_TRUE(agent.log_has("\"/tmp/elsewhere\" lies outside the storage roots"));
}

/// The existing command-line tool sends /tmp/storage for every node that names no path.
TEST_F(Spawn, ThePathOfTheExistingToolMeansNone) {
  start();
  const auto first = must_spawn("serve-1", 0, "/tmp/storage");
  must_spawn("serve-2", 0, "/tmp/storage");
  EXPECT_EQ(agent.node("serve-1")->storage_path(), sandbox.at("data/serve-1"));
  EXPECT_EQ(agent.node("serve-2")->storage_path(), sandbox.at("data/serve-2"));
  const auto again = agent.spawn("serve-1", 0, "/tmp/storage");
  EXPECT_TRUE(again.success()) << again.error_message();
  EXPECT_EQ(again.pid(), first.pid());
  EXPECT_THAT(agent.spawn("serve-1", 0, "").error_message(),
              HasSubstr("storage_path: running \"/tmp/storage\", asked \"\""))
      << "requests are compared as sent";
  const std::string log = agent.log();
  const std::string line = "means an empty one (storage.placeholder_storage_paths): ";
  const auto at = log.find(line + sandbox.at("data/serve-1"));
  ASSERT_NE(at, std::string::npos) << log;
  EXPECT_EQ(log.find(line + sandbox.at("data/serve-1"), at + 1), std::string::npos) << "once a node";
}

TEST_F(Spawn, WithoutPlaceholdersThePathOfTheExistingToolIsOutside) {
  sandbox.set("storage", "placeholder_storage_paths", "[]");
  start();
  EXPECT_THAT(agent.spawn("serve-1", 0, "/tmp/storage").error_message(),
              HasSubstr("outside the storage roots"));
}

TEST_F(Spawn, TheServerGetsArgumentsEnvironmentAndItsDirectory) {
  sandbox.set("storage", "listen_address", "\"127.0.0.1\"");
  sandbox.set("storage", "env", "{ EXTRA = \"p{port}\" }");
  start();
  const auto r = must_spawn("serve-1", 0, {}, 300);
  const std::string proc = "/proc/" + std::to_string(r.pid());
  std::string command = read_file(proc + "/cmdline");
  std::replace(command.begin(), command.end(), '\0', ' ');
  EXPECT_THAT(command, HasSubstr("--port " + std::to_string(r.port()) + " --storage-path " +
                                 sandbox.at("data/serve-1") + " --node-id serve-1"));
  const std::string env = read_file(proc + "/environ");
  for (const std::string& each :
       {"STORAGE_PORT=" + std::to_string(r.port()), "STORAGE_PATH=" + sandbox.at("data/serve-1"),
        std::string("NODE_ID=serve-1"), std::string("MEMORY_LIMIT_MB=300"),
        std::string("STORAGE_HOST=127.0.0.1"), "EXTRA=p" + std::to_string(r.port())}) {
    EXPECT_THAT(env, HasSubstr(each));
  }
  EXPECT_EQ(env.find("SUTRA"), std::string::npos) << "nothing of ours leaks";
  EXPECT_EQ(std::filesystem::read_symlink(proc + "/cwd"), sandbox.at("data/serve-1"));
}

TEST_F(Spawn, TheMemoryLimitIsTheRequestsAndOutputIsKept) {
  start();
  const auto r = must_spawn("serve-1", 0, {}, 300);
  const std::string bytes = std::to_string(300 * 1024 * 1024);
  const std::string limits = read_file("/proc/" + std::to_string(r.pid()) + "/limits");
  const auto cgroups = sandbox.cgroups();
  const bool by_cgroup = std::any_of(cgroups.begin(), cgroups.end(), [&](const std::string& leaf) {
    return read_file(leaf + "/memory.max") == bytes + "\n";
  });
  EXPECT_TRUE(by_cgroup || limits.find(bytes) != std::string::npos) << limits;
  EXPECT_THAT(read_file(sandbox.at("log/serve-1.log")), HasSubstr("test-node serve on port"));
}

TEST_F(Spawn, AServerThatExitsFirstIsAFailureWithCodeAndLastLines) {
  start();
  const auto r = agent.spawn("exit7-1");
  EXPECT_FALSE(r.success());
  EXPECT_THAT(r.error_message(),
              AllOf(HasSubstr("exited with code 7"), HasSubstr("exiting with 7 as asked")));
  EXPECT_FALSE(agent.node("exit7-1")) << "a failed first start leaves no node behind";
  EXPECT_THAT(agent.spawn("segv-1").error_message(), HasSubstr("signal 11"));
}

TEST_F(Spawn, AServerThatNeverServesFailsAfterItsTimeOut) {
  sandbox.set("storage", "ready_timeout_secs", "5");  // longer than the time between two pings of comms
  sandbox.set("storage", "stop_grace_secs", "1");
  start();
  const auto r = agent.spawn("deaf-1");
  EXPECT_FALSE(r.success());
  EXPECT_THAT(r.error_message(), AllOf(HasSubstr("does not accept connections"), HasSubstr("readiness")));
  EXPECT_FALSE(agent.node("deaf-1"));
  EXPECT_FALSE(agent.spawn("elsewhere-1").success()) << "listening on another port is not serving";
}

TEST_F(Spawn, ReadinessNoneNeedsNoPort) {
  sandbox.set("storage", "readiness", "\"none\"");
  start();
  EXPECT_TRUE(agent.spawn("deaf-1").success());
  EXPECT_EQ(agent.node("deaf-1")->status(), "running");
}

TEST_F(Spawn, ABinaryThatCannotBeExecutedIsNamed) {
  sandbox.set("storage", "binary_path", "\"/no/such/server\"");
  start();
  EXPECT_THAT(agent.spawn("serve-1").error_message(),
              AllOf(HasSubstr("/no/such/server"), HasSubstr("No such file")));
  EXPECT_FALSE(agent.node("serve-1"));
}

TEST_F(Spawn, AStartThatFailsBeforeAProcessExistsIsAnsweredAsAFailure) {
  start();
  std::filesystem::remove_all(sandbox.at("log"));
  write_file(sandbox.at("log"), "a file where the directory was");
  const auto r = agent.spawn("serve-1");
  EXPECT_FALSE(r.success());
  EXPECT_THAT(r.error_message(), HasSubstr(sandbox.at("log")));
  EXPECT_FALSE(agent.node("serve-1"));
  std::filesystem::remove(sandbox.at("log"));
  std::filesystem::create_directories(sandbox.at("log"));
  EXPECT_TRUE(agent.spawn("serve-1").success());
}

TEST_F(Spawn, TheSameRequestAgainIsASuccessWithTheSamePidAndPort) {
  start();
  const auto first = must_spawn("serve-1");
  const auto again = must_spawn("serve-1");
  EXPECT_EQ(again.pid(), first.pid());
  EXPECT_EQ(again.port(), first.port());
  const auto other = agent.spawn("serve-1", 0, {}, 77);
  EXPECT_FALSE(other.success());
  EXPECT_THAT(other.error_message(), AllOf(HasSubstr("memory"), HasSubstr("77")));
}

TEST_F(Spawn, TheSameRequestTwiceAtOnceStartsOneServer) {
  start();
  auto one = std::async(std::launch::async, [&] { return agent.spawn("late500-1"); });
  auto two = std::async(std::launch::async, [&] { return agent.spawn("late500-1"); });
  const auto a = one.get();
  const auto b = two.get();
  EXPECT_TRUE(a.success()) << a.error_message();
  EXPECT_TRUE(b.success()) << b.error_message();
  EXPECT_EQ(a.pid(), b.pid());
  EXPECT_EQ(agent.events("started", "late500-1").size(), 1U);
}

TEST_F(Spawn, TheSameRequestDuringABackoffStartsTheNodeAtOnce) {
  sandbox.set("monitoring", "backoff_initial_ms", "30000");
  sandbox.set("monitoring", "backoff_max_secs", "60");
  start();
  must_spawn("serve-1");
  for (int i = 0; i < 2; ++i) {
    const auto now = agent.node("serve-1");
    ASSERT_TRUE(sandbox.signal(now->pid(), SIGKILL));
    if (i == 0) {
      ASSERT_TRUE(agent.wait_replaced("serve-1", now->pid()));
    }
  }
  ASSERT_TRUE(eventually([&] { return agent.node("serve-1")->pid() == 0; }));
  EXPECT_EQ(agent.node("serve-1")->status(), "starting") << "backoff on the wire";
  EXPECT_TRUE(agent.spawn("serve-1").success());
  EXPECT_EQ(agent.node("serve-1")->status(), "running");
}

TEST_F(Spawn, AHundredNodesRequestedAtOnceAllStart) {
  start();
  std::vector<std::future<agent::SpawnNodeResponse>> all;
  for (int i = 0; i < 100; ++i) {
    all.push_back(
        std::async(std::launch::async, [&, i] { return agent.spawn("serve-" + std::to_string(i)); }));
  }
  std::set<std::uint32_t> ports;
  std::set<std::uint32_t> pids;
  for (auto& each : all) {
    const auto r = each.get();
    EXPECT_TRUE(r.success()) << r.error_message();
    ports.insert(r.port());
    pids.insert(r.pid());
  }
  EXPECT_EQ(ports.size(), 100U);
  EXPECT_EQ(pids.size(), 100U);
  EXPECT_THAT(agent.spawn("serve-101").error_message(), HasSubstr("max_storage_nodes"));
}

TEST_F(Spawn, NodeIdsAreChecked) {
  start();
  for (const std::string& id :
       {std::string(), std::string(65, 'a'), std::string("a/b"), std::string(".."), std::string(".a"),
        std::string("-a"), std::string("a\nb"), std::string("a\0b", 3), std::string("n\xc3\xa9")}) {
    const auto r = agent.spawn(id);
    EXPECT_FALSE(r.success());
    EXPECT_THAT(r.error_message(), HasSubstr("node_id"));
  }
  EXPECT_TRUE(agent.spawn(std::string(64, 'a')).success());
  EXPECT_TRUE(agent.nodes().size() == 1);
}

TEST_F(Spawn, AnExistingDirectoryOfAnotherUserIsAnErrorThatNamesTheChown) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to give a directory away";
  std::filesystem::create_directories(sandbox.at("data/serve-1"));
  ASSERT_EQ(chown(sandbox.at("data/serve-1").c_str(), 12345, 12345), 0);
  start();
  EXPECT_THAT(agent.spawn("serve-1").error_message(), HasSubstr("chown"));
}

}  // namespace
}  // namespace sutra::e2e
