#include "supervisor/containment/process_tree.h"

#include "tests/integration/launch_test.h"
#include "tests/support/eventually.h"

namespace sutra::supervisor {

using namespace test;
namespace {

class ProcessTreeTest : public LaunchTest {
 protected:
  void SetUp() override {
    LaunchTest::SetUp();
    trees_ = std::make_unique<ProcessTrees>("test");
    tree_ = std::move(trees_->create("the-node", 1, 0)).value();
  }
  void TearDown() override {
    tree_->kill();
    EXPECT_TRUE(empty());
    give_up_orphans();
  }
  /// Starts the script as the node's leader and waits until it has printed `lines` lines.
  Running start(const std::string& script, long lines = 1) {
    LaunchPlan wanted = shell(script);
    wanted.environment.emplace_back("NODE_ID=the-node");
    Running running = launch(wanted);
    trees_->set_leader(*tree_, running.launched.pidfd, running.launched.pid);
    EXPECT_EQ(running.go().progress, LaunchProgress::kExeced);
    EXPECT_TRUE(eventually([&] {
      const std::string text = output();
      return std::count(text.begin(), text.end(), '\n') >= lines;
    }));
    return running;
  }
  [[nodiscard]] bool empty() const {
    return eventually([this] { return !tree_->populated(); });
  }
  std::unique_ptr<ProcessTrees> trees_;
  std::unique_ptr<NodeTree> tree_;
};

TEST_F(ProcessTreeTest, TreeWithoutALeaderIsEmpty) { EXPECT_FALSE(tree_->populated()); }

TEST_F(ProcessTreeTest, ChildrenAndTheLeaderAreTerminated) {
  Running running = start("sleep 600 & sleep 600 & echo up; exec sleep 600");
  EXPECT_TRUE(tree_->populated());
  tree_->terminate();
  ASSERT_TRUE(running.wait());
  EXPECT_TRUE(empty());
}

TEST_F(ProcessTreeTest, ChildInASessionOfItsOwnIsKilledWithTheLeader) {
  Running running = start("setsid sh -c 'echo up; exec sleep 600' & exec sleep 600");
  tree_->kill();
  EXPECT_TRUE(empty());
}

TEST_F(ProcessTreeTest, DoubleForkedProcessIsFoundAmongOurOrphansByItsEnvironment) {
  Running running =
      start("(setsid sh -c '(setsid sh -c \"echo \\$\\$; exec sleep 600\" &)' &); exec sleep 600");
  const pid_t escapee = std::stoi(output());
  ASSERT_TRUE(send_signal(running.launched.pidfd, SIGKILL).ok());
  ASSERT_TRUE(running.wait());
  ASSERT_TRUE(eventually([&] { return scan_processes().at(escapee).parent == ::getpid(); }));
  EXPECT_TRUE(tree_->populated());
  tree_->kill();
  EXPECT_TRUE(empty());
  EXPECT_TRUE(eventually([&] { return !scan_processes().contains(escapee); }));
}

TEST_F(ProcessTreeTest, ProcessThatHidItsEnvironmentIsFoundWhenItWasSeenBefore) {
  Running running = start("(setsid env -i /bin/sh -c 'echo $$; exec /bin/sleep 600'; :) & exec sleep 600");
  const pid_t escapee = std::stoi(output());
  EXPECT_TRUE(tree_->populated()) << "this look sees it beneath the leader";
  tree_->terminate();
  ASSERT_TRUE(running.wait());
  EXPECT_TRUE(empty());
  EXPECT_FALSE(scan_processes().contains(escapee));
}

TEST_F(ProcessTreeTest, ProcessesThatKeepForkingAreKilledInTheEnd) {
  Running running = start("setsid sh -c 'echo up; while :; do (:) & done' & exec sleep 600");
  tree_->kill();
  const bool gone = eventually([this] {
    const bool still = tree_->populated();
    if (still) tree_->repeat_kill();
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    return !still;
  });
  EXPECT_TRUE(gone);
}

TEST_F(ProcessTreeTest, PopulatedKillsNothingAndRepeatKillOnlyAfterKill) {
  const char* const answers = "trap 'echo alive' USR1; echo up; sleep 600 & wait; exec sleep 600";
  // A SIGKILL that was sent earlier takes effect first, so a process that answers SIGUSR1 was not killed.
  const auto lives = [this](const Running& running) {
    const std::string before = output();
    EXPECT_TRUE(send_signal(running.launched.pidfd, SIGUSR1).ok());
    return eventually([&] { return output() == before + "alive\n"; });
  };
  Running running = start(answers);
  tree_->repeat_kill();
  EXPECT_TRUE(tree_->populated());
  EXPECT_TRUE(lives(running)) << "kill() was not called";
  tree_->kill();
  ASSERT_TRUE(running.wait());
  reap(running.launched.pidfd);
  // It represents a process that the first kill did not reach.
  Running late = start(answers, 3);
  EXPECT_TRUE(tree_->populated());
  EXPECT_TRUE(lives(late)) << "populated() kills nothing";
  tree_->repeat_kill();
  EXPECT_TRUE(late.wait());
}

TEST_F(ProcessTreeTest, OtherChildrenOfOursAreLeftAlone) {
  // One names another node, one names none (as comms does), one names this one and leads another node's tree.
  LaunchPlan foreign = shell("exec sleep 600"), nameless = foreign, same_name = foreign;
  foreign.environment = {"NODE_ID=another", "PATH=/bin"};
  nameless.environment = {"PATH=/bin", "XNODE_ID=the-node"};
  same_name.environment = {"NODE_ID=the-node", "PATH=/bin"};
  Running other = launch(foreign), comms = launch(nameless), leader = launch(same_name);
  for (Running* running : {&other, &comms, &leader})
    ASSERT_EQ(running->go().progress, LaunchProgress::kExeced);
  auto second = std::move(trees_->create("second", 1, 0)).value();
  trees_->set_leader(*second, leader.launched.pidfd, leader.launched.pid);
  Running mine = start("echo up; exec sleep 600");
  tree_->kill();
  ASSERT_TRUE(mine.wait());
  EXPECT_TRUE(empty());
  for (Running* running : {&other, &comms, &leader}) EXPECT_FALSE(peek_exit(running->launched.pidfd));
}

TEST_F(ProcessTreeTest, SessionOfADeadLeaderIsItsTreeIfTheEnvironmentAgrees) {
  Running running = start("sh -c 'echo up; exec /bin/sleep 600' & exec sleep 600");
  ASSERT_TRUE(send_signal(running.launched.pidfd, SIGKILL).ok());
  ASSERT_TRUE(running.wait());
  const auto adopted = trees_->adopt("the-node", 1, nullptr, running.launched.pid);
  EXPECT_TRUE(adopted->populated());
  adopted->kill();
  EXPECT_TRUE(eventually([&] { return !adopted->populated(); }));
}

TEST_F(ProcessTreeTest, SessionOfALeaderThatWasNeverSeenIsNotItsTree) {
  // The recorded pid may be from another boot: processes in a session with that number are not the node's.
  Running running = start("sh -c 'echo up; exec env NODE_ID=another /bin/sleep 600' & exec sleep 600");
  ASSERT_TRUE(send_signal(running.launched.pidfd, SIGKILL).ok());
  ASSERT_TRUE(running.wait());
  const auto adopted = trees_->adopt("another-node", 1, nullptr, running.launched.pid);
  EXPECT_FALSE(adopted->populated());
  const auto own = trees_->adopt("another", 1, nullptr, running.launched.pid);
  own->kill();
  EXPECT_TRUE(eventually([&] { return !own->populated(); }));
}

TEST_F(ProcessTreeTest, ProcessWithTheLeadersReusedPidIsNotItsTree) {
  // Another process leads a session with the recorded pid, so there is no pidfd for the record.
  Running other = launch(shell("exec sleep 600"));
  ASSERT_EQ(other.go().progress, LaunchProgress::kExeced);
  const auto adopted = trees_->adopt("gone", 1, nullptr, other.launched.pid);
  EXPECT_FALSE(adopted->populated());
  adopted->kill();
  EXPECT_FALSE(peek_exit(other.launched.pidfd));
}

TEST_F(ProcessTreeTest, ZombiesDoNotCountAsAlive) {
  Running running = launch(shell("exit 0"));
  (void)running.go();
  ASSERT_TRUE(running.wait()) << "dead, and not reaped";
  EXPECT_FALSE(scan_processes().contains(running.launched.pid));
  EXPECT_TRUE(scan_processes().contains(::getpid()));
}

TEST(ProcessScan, DescendantsAreFoundAcrossGenerations) {
  const ProcessScan scan{{2, {2, 1, 2}}, {3, {3, 2, 2}}, {4, {4, 3, 4}}, {9, {9, 1, 9}}};
  EXPECT_EQ(with_descendants(scan, {2}), (std::set<pid_t>{2, 3, 4}));
  EXPECT_EQ(with_descendants(scan, {77}), (std::set<pid_t>{}));
}

}  // namespace
}  // namespace sutra::supervisor
