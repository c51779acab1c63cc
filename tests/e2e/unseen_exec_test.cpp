// Unseen exec: a supervisor that dies just after it opened a launcher's gate never sees the exec of the server. The
// time is too short to hit, so the test writes the records as they are then. Also tests the instance lock of a
// supervisor that died during a launch.
#include <gmock/gmock.h>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "common/unique_fd.h"
#include "supervisor/ledger/ledger.h"
#include "tests/support/fixture.h"

namespace sutra::e2e {
namespace {

using supervisor::Facts;
using supervisor::Ledger;

class UnseenExec : public AgentTest {
 protected:
  /// Kills the supervisor and changes the node's record to "the launcher waits at its gate".
  Facts die_at_the_gate(const std::string& node) {
    agent.kill();
    auto ledger = Ledger::open(sandbox.at("state"), sandbox.at("run"));
    EXPECT_TRUE(ledger.ok());
    Facts facts = ledger.value()->read().nodes.find(node)->second.facts.value();
    facts.state = supervisor::core::State::kStarting;
    facts.started_at_unix = 0;
    EXPECT_TRUE(ledger.value()->write_facts(facts).ok());
    return facts;
  }
  [[nodiscard]] std::string mark(const Facts& facts) const {
    return sandbox.at("run/nodes/serve-1.exec" + std::to_string(facts.generation % 2));
  }
  void end(pid_t pid) {
    ASSERT_TRUE(sandbox.signal(pid, SIGKILL));
    EXPECT_TRUE(eventually([pid] { return ::kill(pid, 0) != 0; })) << "reaped, not only dead";
  }
};

TEST_F(UnseenExec, TheDeathOfSuchAServerIsRecorded) {
  start();
  must_spawn("serve-1");
  end(die_at_the_gate("serve-1").process.pid);
  agent.start_and_wait();
  ASSERT_TRUE(agent.wait_status("serve-1", "running"));
  EXPECT_EQ(agent.events("died", "serve-1").size(), 1U);
}

TEST_F(UnseenExec, SuchAServerIsAdoptedAndItsExecIsRecorded) {
  start();
  const auto spawned = must_spawn("serve-1");
  const Facts facts = die_at_the_gate("serve-1");
  agent.start_and_wait();
  ASSERT_TRUE(agent.wait_status("serve-1", "running"));
  EXPECT_EQ(agent.node("serve-1")->pid(), spawned.pid());
  EXPECT_GT(agent.node("serve-1")->started_at(), 0U);
  EXPECT_EQ(agent.events("started", "serve-1").size(), 2U) << "the unseen exec is recorded later";
  std::filesystem::remove(mark(facts));
  agent.kill();
  end(facts.process.pid);
  agent.start_and_wait();
  ASSERT_TRUE(agent.wait_replaced("serve-1", spawned.pid()));
  EXPECT_EQ(agent.events("died", "serve-1").size(), 1U);
}

TEST_F(UnseenExec, ALauncherThatNeverPassedItsGateIsNotRecordedAsADeath) {
  start();
  const auto spawned = must_spawn("serve-1");
  const Facts facts = die_at_the_gate("serve-1");
  write_file(mark(facts), std::to_string(facts.generation) + "\n");
  agent.start_and_wait();
  ASSERT_TRUE(agent.wait_replaced("serve-1", spawned.pid()));
  EXPECT_EQ(agent.events("died", "serve-1").size(), 0U);
}

TEST_F(UnseenExec, AStoppedNodeLeavesNoMark) {
  start();
  must_spawn("serve-1");
  EXPECT_TRUE(std::filesystem::exists(sandbox.at("run/nodes/serve-1.exec1")));
  EXPECT_TRUE(agent.stop_node("serve-1").success());
  EXPECT_TRUE(std::filesystem::is_empty(sandbox.at("run/nodes")));
}

TEST_F(UnseenExec, ALockThatIsReleasedSoonIsWaitedFor) {
  start();
  must_spawn("serve-1");
  agent.kill();
  UniqueFd lock(open(sandbox.at("run/agent.lock").c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(flock(lock.get(), LOCK_EX | LOCK_NB), 0);
  agent.start();
  const std::string fds = "/proc/" + std::to_string(agent.pid()) + "/fd";
  ASSERT_TRUE(eventually([&] {
    std::error_code gone;
    for (const auto& fd : std::filesystem::directory_iterator(fds, gone)) {
      if (std::filesystem::read_symlink(fd.path(), gone) == sandbox.at("run/agent.lock")) return true;
    }
    return false;
  })) << "it looks at the lock";
  lock.reset();
  EXPECT_TRUE(agent.wait_until_serving());
}

}  // namespace
}  // namespace sutra::e2e
