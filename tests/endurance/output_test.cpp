// A storage server prints without a pause while the agent is stopped, dead, started again and rotates its
// log: no write fails, and none waits.
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "tests/endurance/own_world.h"
#include "tests/endurance/scale.h"

namespace sutra::endurance {
namespace {

using namespace std::chrono_literals;

constexpr auto kAWhile = 3s;
constexpr std::int64_t kSlowestUs = 1'000'000;  // on a busy machine

/// What the server reports about its own writes.
struct Writes {
  std::int64_t done = 0, failed = -1, sigpipes = -1, slowest_us = -1;
};

class Output : public OwnWorldTest {
 protected:
  [[nodiscard]] Writes writes() const {
    Writes now;
    std::istringstream(e2e::ask_port(port, "HOW\n", 5s)) >> now.done >> now.failed >> now.sigpipes >>
        now.slowest_us;
    return now;
  }
  /// Lets the server write for this time.
  void expect_it_writes(const char* when) {
    const auto before = writes().done;
    poll(nullptr, 0, std::chrono::milliseconds(kAWhile).count());
    const Writes now = writes();
    EXPECT_GT(now.done, before) << when;
    EXPECT_EQ(now.failed, 0) << when;
    EXPECT_EQ(now.sigpipes, 0) << when;
    EXPECT_LE(now.slowest_us, kSlowestUs) << when;
    std::cout << when << ": " << now.done - before << " writes, slowest so far " << now.slowest_us << " us\n";
  }
  [[nodiscard]] bool rotated() const { return std::filesystem::exists(sandbox.at("log/chatter-1.log.1")); }

  std::uint16_t port = 0;
};

TEST_F(Output, NoWriteFailsOrWaitsWhileTheAgentIsStoppedOrDeadOrRotates) {
  if (geteuid() != 0)
    GTEST_SKIP() << "needs root for a directory in memory: a busy disk makes writes slow, too";
  if (!in_own_namespaces()) {
    EXPECT_EQ(run_in_own_namespaces(0), 0);
    return;
  }
  keep_in_memory({"log"});
  sandbox.set("storage", "max_log_mb", "1");
  start();
  const auto server = must_spawn("chatter-1");
  port = static_cast<std::uint16_t>(server.port());
  expect_it_writes("agent at work");
  agent.signal(SIGSTOP);
  expect_it_writes("supervisor stopped");
  const pid_t comms = agent.comms_pid();
  agent.kill();
  EXPECT_TRUE(e2e::eventually([&] { return !e2e::process_exists(comms); }))
      << "comms outlives its supervisor";
  expect_it_writes("nothing but the server runs");
  std::filesystem::remove(sandbox.at("log/chatter-1.log.1"));
  agent.start_and_wait();
  expect_it_writes("agent back");
  EXPECT_TRUE(e2e::eventually([&] { return rotated(); }, 90s)) << "its log was not rotated";
  expect_it_writes("log rotated");
  const auto now = agent.node("chatter-1");
  ASSERT_TRUE(now);
  EXPECT_EQ(now->pid(), server.pid());
  EXPECT_EQ(now->restart_count(), 0U);
}

}  // namespace
}  // namespace sutra::endurance
