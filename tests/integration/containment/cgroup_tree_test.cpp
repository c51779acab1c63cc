#include "supervisor/containment/cgroup_tree.h"

#include <sys/stat.h>

#include "supervisor/containment/cgroup_root.h"
#include "supervisor/host/kernel_file.h"
#include "tests/integration/launch_test.h"
#include "tests/support/eventually.h"
#include "tests/support/files.h"

namespace sutra::supervisor {

using namespace test;
namespace {

class CgroupTreeTest : public LaunchTest {
 protected:
  void SetUp() override {
    LaunchTest::SetUp();
    trees_ = NodeTrees::open(std::nullopt, "tree-test-" + std::to_string(::getpid()));
    if (trees_->mode() == TreeMode::kProcessTree) GTEST_SKIP() << trees_->lost();
    tree_ = make("node", 7);
  }
  void TearDown() override {
    for (const auto& leaf : trees_->leaves()) {
      const auto left = trees_->adopt(leaf.node_id, leaf.generation, nullptr, 0);
      left->kill();
      EXPECT_TRUE(eventually([&] { return !left->populated() && left->remove(); }));
    }
    give_up_orphans();
    if (!trees_->path().empty()) {
      EXPECT_EQ(::rmdir(trees_->path().c_str()), 0);
    }
  }
  std::unique_ptr<NodeTree> make(const std::string& node, std::uint64_t generation) {
    auto made = trees_->create(node, generation, 64);
    EXPECT_TRUE(made.ok()) << made.error().message();
    return made ? std::move(made).value() : nullptr;
  }
  /// Runs the script in the tree until it has printed a line.
  Running start(const std::string& script) {
    LaunchPlan wanted = shell(script);
    wanted.cgroup_fd = tree_->cgroup_fd();
    Running running = launch(wanted);
    EXPECT_EQ(running.go().progress, LaunchProgress::kExeced);
    EXPECT_TRUE(eventually([this] { return output().ends_with("\n"); }));
    return running;
  }
  [[nodiscard]] bool emptied_by_edge() const {
    pollfd edge{tree_->events_fd(), POLLPRI, 0};
    while (tree_->populated()) {
      if (::poll(&edge, 1, std::chrono::milliseconds(kDeadline).count()) != 1) return false;
      EXPECT_NE(edge.revents & POLLPRI, 0);
    }
    return true;
  }
  std::unique_ptr<NodeTrees> trees_;
  std::unique_ptr<NodeTree> tree_;
};

// One process in its own session, and one that forked twice and has two children; the last one prints when it runs.
constexpr const char* kEscapees =
    "setsid sleep 600 & (setsid sh -c '(setsid sh -c \"echo up; exec sleep 600\" &)' &); exec sleep 600";

TEST_F(CgroupTreeTest, NewTreeIsEmptyAndCanBeRemovedTwice) {
  EXPECT_FALSE(tree_->populated());
  EXPECT_GE(tree_->events_fd(), 0);
  EXPECT_FALSE(tree_->oom_killed());
  EXPECT_TRUE(tree_->remove());
  EXPECT_TRUE(tree_->remove());
  EXPECT_FALSE(tree_->populated());
}

TEST_F(CgroupTreeTest, KillEndsEscapedProcessesAndAnEventTellsWhenItIsEmpty) {
  Running running = start(kEscapees);
  EXPECT_TRUE(tree_->populated());
  EXPECT_FALSE(tree_->remove());
  ASSERT_TRUE(send_signal(running.launched.pidfd, SIGKILL).ok());
  ASSERT_TRUE(running.wait());
  EXPECT_TRUE(tree_->populated()) << "the escapees outlive their leader";
  tree_->kill();
  EXPECT_TRUE(emptied_by_edge());
  EXPECT_TRUE(eventually([this] { return tree_->remove(); }));
}

TEST_F(CgroupTreeTest, AZombieLeaderDoesNotCount) {
  Running running = start("echo up; exec sleep 600");
  tree_->kill();
  ASSERT_TRUE(running.wait()) << "dead, and not reaped";
  EXPECT_TRUE(emptied_by_edge());
  EXPECT_NE(slurp("/proc/" + std::to_string(running.launched.pid) + "/stat").find(") Z"), std::string::npos);
  EXPECT_TRUE(eventually([this] { return tree_->remove(); }));
}

TEST_F(CgroupTreeTest, TerminateReachesEveryProcess) {
  Running running = start(
      "setsid sh -c 'trap \"echo told; exit\" TERM; echo up; while :; do sleep 0.01; done' & exec sleep 600");
  tree_->terminate();
  EXPECT_TRUE(emptied_by_edge());
  EXPECT_EQ(running.wait()->signal, SIGTERM);
  EXPECT_NE(output().find("told"), std::string::npos);
}

TEST_F(CgroupTreeTest, ProcessesThatKeepForkingAreKilled) {
  Running running = start("r() { setsid sh -c 'while :; do (:) & done' & }; r; r; echo up; exec sleep 600");
  tree_->kill();
  EXPECT_TRUE(emptied_by_edge());
}

TEST_F(CgroupTreeTest, CgroupsThatTheNodeMadeAreRemovedWithIt) {
  const std::string inner = trees_->path() + "/node.7/a";
  ASSERT_EQ(::mkdir(inner.c_str(), 0755), 0);
  ASSERT_EQ(::mkdir((inner + "/b").c_str(), 0755), 0);
  EXPECT_TRUE(tree_->remove());
}

TEST_F(CgroupTreeTest, LeafInUseIsNotMadeAgain) {
  Running running = start("echo up; exec sleep 600");
  const auto again = trees_->create("node", 7, 0);
  ASSERT_FALSE(again.ok());
  EXPECT_NE(again.error().message().find("still live in it"), std::string::npos);
}

TEST_F(CgroupTreeTest, EmptyLeafOfAnEarlierRunIsRecreated) { EXPECT_TRUE(trees_->create("node", 7, 0).ok()); }

TEST_F(CgroupTreeTest, LeavesShowWhatRunsAndSweepRemovesTheEmptyOnes) {
  Running running = start("echo up; exec sleep 600");
  const auto kept = make("a.b", 12);
  const auto unkept = make("c", 1);
  auto leaves = trees_->leaves();
  ASSERT_EQ(leaves.size(), 3U);
  for (const auto& leaf : leaves) EXPECT_EQ(leaf.populated, leaf.node_id == "node") << leaf.node_id;
  trees_->sweep({{"a.b", 12, false}});
  leaves = trees_->leaves();
  EXPECT_EQ(leaves.size(), 2U);
  for (const auto& leaf : leaves) EXPECT_NE(leaf.node_id, "c");
}

TEST_F(CgroupTreeTest, AdoptedTreeIsTheSameTree) {
  Running running = start("echo up; exec sleep 600");
  const auto adopted = trees_->adopt("node", 7, &running.launched.pidfd, running.launched.pid);
  EXPECT_TRUE(adopted->populated());
  adopted->kill();
  EXPECT_TRUE(emptied_by_edge());
}

TEST_F(CgroupTreeTest, AdoptingALeafThatIsGoneGivesAnEmptyTree) {
  const auto adopted = trees_->adopt("gone", 1, nullptr, 0);
  ASSERT_NE(adopted, nullptr);
  EXPECT_FALSE(adopted->populated());
  EXPECT_TRUE(adopted->remove());
}

TEST_F(CgroupTreeTest, LeaderThatLivesOutsideOfItsLeafIsStillKilled) {
  Running running = launch(shell("exec sleep 600"));
  ASSERT_EQ(running.go().progress, LaunchProgress::kExeced);
  const auto adopted = trees_->adopt("stray", 1, &running.launched.pidfd, running.launched.pid);
  EXPECT_TRUE(adopted->populated());
  adopted->kill();
  EXPECT_TRUE(running.wait());
  EXPECT_FALSE(adopted->populated());
}

TEST_F(CgroupTreeTest, MemoryLimitIsInForceOrItsAbsenceIsReported) {
  if (trees_->mode() == TreeMode::kCgroupWithMemory) {
    EXPECT_EQ(read_kernel_file(tree_->cgroup_fd(), "memory.max"), std::to_string(64 * 1024 * 1024) + "\n");
    EXPECT_EQ(read_kernel_file(tree_->cgroup_fd(), "memory.oom.group"), "1\n");
    EXPECT_TRUE(trees_->lost().empty());
  } else {
    EXPECT_NE(trees_->lost().find("no memory limits"), std::string::npos);
  }
}

TEST(LeafName, SplitsAtTheLastDot) {
  EXPECT_EQ(parse_leaf_name("a.b.7")->node_id, "a.b");
  EXPECT_EQ(parse_leaf_name("a.b.7")->generation, 7U);
  for (const char* other :
       {"holder", "probe", "a.", ".7", "a.-1", "a.07", "a.7x", "a.99999999999999999999", "a b.7"}) {
    EXPECT_FALSE(parse_leaf_name(other)) << other;
  }
}

}  // namespace
}  // namespace sutra::supervisor
