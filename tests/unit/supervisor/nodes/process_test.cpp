#include "supervisor/nodes/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_platform.h"

namespace sutra::supervisor {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

core::Exit killed() { return {core::ExitCause::kSignal, 0, 9, 0}; }

class NodeProcessTest : public ::testing::Test {
 protected:
  NodeProcessTest()
      : process_(platform_, "a", 1, [this](core::Event event) { events_.push_back(std::move(event)); }) {}

  FakeServer& launched() {
    core::Node node;
    node.intent.node_id = node_id("a");
    node.generation = 1;
    EXPECT_TRUE(process_.launch(node));
    EXPECT_TRUE(process_.open());
    return platform_.server("a.1");
  }
  FakeServer& running() {
    FakeServer& server = launched();
    server.executed();
    events_.clear();
    return server;
  }
  FakeServer& adopted() {
    FakeServer& server = platform_.put("a.1", 77);
    process_.adopt(server.identity, std::move(platform_.find(server.identity).value()));
    return server;
  }
  template <typename E>
  const E* only_event() {
    return events_.size() == 1 ? std::get_if<E>(&events_.front()) : nullptr;
  }

  CallLog calls_;
  FakePlatform platform_{calls_};
  std::vector<core::Event> events_;
  NodeProcess process_;
};

TEST_F(NodeProcessTest, ALauncherThatExecutesIsReportedOnce) {
  FakeServer& server = launched();
  EXPECT_TRUE(process_.launching());
  server.executed();
  EXPECT_NE(only_event<core::Execed>(), nullptr);
  EXPECT_FALSE(process_.launching());
}

TEST_F(NodeProcessTest, AServerThatExecutesAndDiesAtOnceIsNoFailedLaunch) {
  FakeServer& server = launched();
  server.progress = LaunchProgress::kExeced;  // not seen by the loop yet
  server.dies(code(7));
  ASSERT_THAT(events_, SizeIs(3));
  EXPECT_TRUE(std::holds_alternative<core::Execed>(events_[0]));
  ASSERT_TRUE(std::holds_alternative<core::Exited>(events_[1]));
  EXPECT_EQ(std::get<core::Exited>(events_[1]).exit.code, 7);
  EXPECT_TRUE(std::holds_alternative<core::Emptied>(events_[2]));
}

TEST_F(NodeProcessTest, AFailedLauncherIsReapedItsTreeIsKilledAndThenItIsReported) {
  FakeServer& server = launched();
  server.progress = LaunchProgress::kFailed;
  server.failure = {true, "lock data directory /d: another process uses it"};
  calls_.clear();
  server.dies(code(126), true);
  EXPECT_THAT(calls_, ElementsAre("reap a.1", "kill a.1"));
  EXPECT_THAT(events_, IsEmpty()) << "something of it is left";
  server.emptied();
  const auto* failed = only_event<core::LaunchFailed>();
  ASSERT_NE(failed, nullptr);
  EXPECT_TRUE(failed->locked);
  EXPECT_EQ(failed->reason, server.failure.message);
}

TEST_F(NodeProcessTest, CatchUpReportsWhatTheLoopHasNotDeliveredYet) {
  launched().progress = LaunchProgress::kExeced;
  process_.catch_up();
  EXPECT_NE(only_event<core::Execed>(), nullptr);
}

TEST_F(NodeProcessTest, TheDeathIsReportedFirstAndTheEmptyTreeAfterIt) {
  FakeServer& server = running();
  server.dies(code(3), true);
  ASSERT_NE(only_event<core::Exited>(), nullptr);
  server.emptied();
  ASSERT_THAT(events_, SizeIs(2));
  EXPECT_TRUE(std::holds_alternative<core::Emptied>(events_[1]));
}

TEST_F(NodeProcessTest, AKilledServerWhoseCgroupRanOutOfMemoryDiedOfOom) {
  FakeServer& server = running();
  server.oom = true;
  server.dies(killed(), true);
  ASSERT_NE(only_event<core::Exited>(), nullptr);
  EXPECT_EQ(only_event<core::Exited>()->exit.cause, core::ExitCause::kOom);
}

TEST_F(NodeProcessTest, AServerThatExitsByItselfDidNotRunOutOfMemory) {
  FakeServer& server = running();
  server.oom = true;  // the killed process is a child of the server
  server.dies(code(1), true);
  ASSERT_NE(only_event<core::Exited>(), nullptr);
  EXPECT_EQ(only_event<core::Exited>()->exit.cause, core::ExitCause::kExit);
}

TEST_F(NodeProcessTest, ATreeThatCannotBeRemovedYetIsTriedAgain) {
  FakeServer& server = running();
  server.busy = 2;
  server.dies(code(0));
  ASSERT_NE(only_event<core::Exited>(), nullptr);
  platform_.clock.advance(20ms);
  EXPECT_THAT(events_, SizeIs(1));
  platform_.clock.advance(20ms);
  ASSERT_THAT(events_, SizeIs(2));
  EXPECT_TRUE(std::holds_alternative<core::Emptied>(events_[1]));
}

TEST_F(NodeProcessTest, TheExitOfAnAdoptedProcessIsAskedForUntilItsParentHasReapedIt) {
  FakeServer& server = adopted();
  server.exit_known = false;
  server.dies(code(5), true);
  EXPECT_THAT(events_, IsEmpty());
  platform_.clock.advance(6ms);
  EXPECT_THAT(events_, IsEmpty());
  server.exit_known = true;
  platform_.clock.advance(2ms);
  ASSERT_NE(only_event<core::Exited>(), nullptr);
  EXPECT_EQ(only_event<core::Exited>()->exit.code, 5);
}

TEST_F(NodeProcessTest, TheExitOfAnAdoptedProcessIsUnknownAfterTwentyMilliseconds) {
  FakeServer& server = adopted();
  server.exit_known = false;
  server.dies(code(5), true);
  platform_.clock.advance(20ms);
  ASSERT_NE(only_event<core::Exited>(), nullptr);
  EXPECT_EQ(only_event<core::Exited>()->exit.cause, core::ExitCause::kUnknown);
}

TEST_F(NodeProcessTest, AProcessThatIsGoneAtOurStartHasAnUnknownExit) {
  FakeServer& server = platform_.put("a.1", 77);
  server.populated = false;
  process_.adopt(server.identity, nullptr);
  ASSERT_THAT(events_, SizeIs(2));
  ASSERT_TRUE(std::holds_alternative<core::Exited>(events_[0]));
  EXPECT_EQ(std::get<core::Exited>(events_[0]).exit.cause, core::ExitCause::kUnknown);
  EXPECT_TRUE(std::holds_alternative<core::Emptied>(events_[1]));
}

TEST_F(NodeProcessTest, TheEndOfLeftoverProcessesIsReported) {
  FakeServer& server = platform_.put("a.1", 77);
  process_.adopt_leftovers();
  EXPECT_THAT(events_, IsEmpty());
  server.emptied();
  EXPECT_NE(only_event<core::Emptied>(), nullptr);
}

TEST_F(NodeProcessTest, AnEmptyTreeIsNotKilled) {
  FakeServer& server = running();
  server.populated = false;
  calls_.clear();
  process_.kill();
  EXPECT_THAT(calls_, IsEmpty());
}

TEST_F(NodeProcessTest, AFailedStartLeavesNothing) {
  platform_.start_fails = make_error("make cgroup", "/cgroup/a.1", "no space");
  core::Node node;
  node.intent.node_id = node_id("a");
  EXPECT_FALSE(process_.launch(node));
  EXPECT_FALSE(process_.launching());
  EXPECT_EQ(platform_.clock.pending(), 0U);
}

}  // namespace
}  // namespace sutra::supervisor
