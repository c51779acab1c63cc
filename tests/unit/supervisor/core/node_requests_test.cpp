#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/supervisor/core/drive.h"

namespace sutra::supervisor::core {
namespace {

using testing::Drive;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

TEST(NodeState, StopCommitsBeforeItSignals) {
  Drive node;
  node.running().feed(StopRequested{});
  EXPECT_TRUE(std::holds_alternative<CommitIntent>(node.effects[0]));
  EXPECT_TRUE(std::holds_alternative<Terminate>(node.effects[1]));
  EXPECT_EQ(node.node.intent.goal, Goal::kStopped);
  EXPECT_EQ(node.node.timer->kind, TimerKind::kGrace);
}

TEST(NodeState, AStopIsAlsoSavedInTheFacts) {
  Drive restarting;  // with state_dir deleted their copy of the intent is the only one
  restarting.running().feed(RestartRequested{}).feed(StopRequested{});
  EXPECT_NE(restarting.ordered<SaveFacts>(), nullptr);
  Drive silent;
  silent.start().exec().wait(10s).fire();
  EXPECT_NE(silent.ordered<SaveFacts>(), nullptr);
  for (const Recovered found : {Recovered{true, false}, Recovered{false, true}}) {
    Drive recovered;  // the supervisor died between the intent and the facts
    recovered.running();
    recovered.node.intent.goal = Goal::kStopped;
    recovered.feed(found);
    EXPECT_NE(recovered.ordered<SaveFacts>(), nullptr);
  }
}

TEST(NodeState, StopAnswersOnlyWhenNothingIsLeft) {
  Drive node;
  node.running().feed(StopRequested{});
  EXPECT_EQ(node.answer(Waiter::kStop), nullptr);
  node.die();
  EXPECT_EQ(node.answer(Waiter::kStop), nullptr) << "a grandchild may live";
  node.empty();
  ASSERT_NE(node.answer(Waiter::kStop), nullptr);
  EXPECT_TRUE(node.answer(Waiter::kStop)->success);
  EXPECT_NE(node.ordered<Forget>(), nullptr);
}

TEST(NodeState, AfterTheGraceTheTreeIsKilled) {
  Drive node;
  node.running().feed(StopRequested{}).wait(8s).fire();
  EXPECT_NE(node.ordered<Kill>(), nullptr);
  EXPECT_EQ(node.node.state, State::kStopping);
}

TEST(NodeState, StopDuringBackoffCancelsTheTimer) {
  Drive node;
  node.running().die().empty().exec().die().empty();
  ASSERT_EQ(node.node.state, State::kBackoff);
  const TimerFired late{node.node.timer->token};
  node.feed(StopRequested{});
  EXPECT_EQ(node.node.state, State::kGone);
  EXPECT_NE(node.ordered<DisarmTimer>(), nullptr);
  node.feed(late);
  EXPECT_EQ(node.ordered<Spawn>(), nullptr);
}

TEST(NodeState, StopDuringAFirstStartAnswersBoth) {
  Drive node;
  node.start().exec().feed(StopRequested{}).die().empty();
  EXPECT_TRUE(node.answer(Waiter::kStop)->success);
  EXPECT_FALSE(node.answer(Waiter::kStart)->success);
  EXPECT_THAT(node.answer(Waiter::kStart)->text, HasSubstr("stopped meanwhile"));
}

TEST(NodeState, StopWhileLaunchingEndsWithTheLauncher) {
  Drive node;
  node.start().feed(StopRequested{});
  EXPECT_NE(node.ordered<Terminate>(), nullptr);
  node.feed(LaunchFailed{node.node.generation, false, "the launcher was killed"});
  EXPECT_EQ(node.node.state, State::kGone);
}

TEST(NodeState, StoppingALaunchGivenUpWaitsForItsEnd) {
  Drive node;
  node.start().wait(5s).fire().feed(StopRequested{});
  EXPECT_EQ(node.answer(Waiter::kStop), nullptr);
  node.feed(LaunchFailed{node.node.generation, false, "the launcher died"});
  EXPECT_EQ(node.node.state, State::kGone);
  EXPECT_TRUE(node.answer(Waiter::kStop)->success);
}

TEST(NodeState, StartWhileStoppingIsRefused) {
  Drive node;
  node.running().feed(StopRequested{}).feed(StartRequested{});
  ASSERT_NE(node.ordered<Refuse>(), nullptr);
  EXPECT_THAT(node.ordered<Refuse>()->text, HasSubstr("being stopped"));
  EXPECT_EQ(node.ordered<Spawn>(), nullptr);
}

TEST(NodeState, TheSameRequestForARunningNodeIsASuccess) {
  Drive node;
  node.running().feed(StartRequested{});
  EXPECT_TRUE(node.answer(Waiter::kStart)->success);
  EXPECT_EQ(node.ordered<Spawn>(), nullptr);
}

TEST(NodeState, TheSameRequestInBackoffStartsItNow) {
  Drive node;
  node.running().die().empty().exec().die().empty().feed(StartRequested{});
  EXPECT_NE(node.ordered<Spawn>(), nullptr);
  EXPECT_NE(node.ordered<DisarmTimer>(), nullptr);
}

TEST(NodeState, TheSameRequestInQuarantineEndsTheQuarantineOnDiskBeforeItSpawns) {
  Drive node;
  node.context.policy.restart_failed_nodes = false;
  node.running().die().empty().feed(StartRequested{});
  EXPECT_TRUE(std::holds_alternative<CommitIntent>(node.effects[0]));
  EXPECT_FALSE(node.node.intent.quarantined);
  EXPECT_NE(node.ordered<Spawn>(), nullptr);
}

TEST(NodeState, AnOperatorsRestartAnswersAtExecAndIsNotCounted) {
  Drive node;
  node.running().feed(RestartRequested{}).die().empty();
  EXPECT_NE(node.ordered<Spawn>(), nullptr);
  node.exec();
  EXPECT_TRUE(node.answer(Waiter::kRestart)->success);
  EXPECT_EQ(node.node.history.restart_count, 0U);
  EXPECT_EQ(node.node.history.in_a_row, 0U);
}

TEST(NodeState, AStopDuringARestartStopsTheNode) {
  Drive node;
  node.running().feed(RestartRequested{}).feed(StopRequested{}).die().empty();
  EXPECT_EQ(node.node.state, State::kGone);
  EXPECT_FALSE(node.answer(Waiter::kRestart)->success);
  EXPECT_TRUE(node.answer(Waiter::kStop)->success);
}

TEST(NodeState, ShutdownStopsTheNodeAndKeepsItsIntent) {
  Drive node;
  node.running().feed(ShutdownRequested{}).die().empty();
  EXPECT_EQ(node.node.state, State::kGone);
  EXPECT_EQ(node.ordered<Forget>(), nullptr);
  EXPECT_EQ(node.node.intent.goal, Goal::kRunning);
}

TEST(NodeState, ShutdownDoesNotReviveAStoppedNode) {
  Drive node;
  node.running().feed(StopRequested{}).feed(ShutdownRequested{}).die().empty();
  EXPECT_NE(node.ordered<Forget>(), nullptr);
}

}  // namespace
}  // namespace sutra::supervisor::core
