#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/supervisor/core/drive.h"

namespace sutra::supervisor::core {
namespace {

using testing::Drive;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

TEST(NodeState, AFirstStartCommitsItsIntentBeforeItSpawns) {
  Drive node;
  node.start();
  ASSERT_EQ(node.effects.size(), 3U);
  EXPECT_TRUE(std::holds_alternative<CommitIntent>(node.effects[0]));
  EXPECT_TRUE(std::holds_alternative<Spawn>(node.effects[1]));
  EXPECT_TRUE(std::holds_alternative<ArmTimer>(node.effects[2]));
  EXPECT_EQ(node.node.state, State::kStarting);
}

TEST(NodeState, ANewNodeHasAHigherRevisionAndGenerationThanItsPredecessor) {
  const Drive drive;
  const Transition first = start_new(testing::some_intent(), {.generation = 7, .revision = 3}, drive.context);
  EXPECT_EQ(first.node.generation, 8U);
  EXPECT_EQ(first.node.intent.revision, 4U);
}

TEST(NodeState, ReadyConfirmsOnDiskBeforeItAnswers) {
  Drive node;
  node.start().exec().ready();
  EXPECT_EQ(node.node.state, State::kRunning);
  EXPECT_TRUE(node.node.intent.confirmed);
  EXPECT_TRUE(std::holds_alternative<DisarmTimer>(node.effects[0]));
  EXPECT_TRUE(std::holds_alternative<SaveIntent>(node.effects[1]));
  ASSERT_NE(node.answer(Waiter::kStart), nullptr);
  EXPECT_TRUE(node.answer(Waiter::kStart)->success);
}

TEST(NodeState, WithoutReadinessProbeExecIsReady) {
  Drive node;
  node.context.policy.readiness_by_probe = false;
  node.start().exec();
  EXPECT_EQ(node.node.state, State::kRunning);
}

TEST(NodeState, AFirstStartThatExitsIsForgottenAndSaysHowItEnded) {
  Drive node;
  node.start().exec().die({ExitCause::kExit, 7, 0, 0});
  EXPECT_EQ(node.node.state, State::kCleaning);
  node.empty();
  EXPECT_EQ(node.node.state, State::kGone);
  EXPECT_NE(node.ordered<Forget>(), nullptr);
  EXPECT_EQ(node.ordered<Spawn>(), nullptr);
  ASSERT_NE(node.answer(Waiter::kStart), nullptr);
  EXPECT_FALSE(node.answer(Waiter::kStart)->success);
  EXPECT_TRUE(node.answer(Waiter::kStart)->with_output);
  EXPECT_EQ(node.answer(Waiter::kStart)->text, "start node node-1: it exited with code 7 before it served");
}

TEST(NodeState, AFailedFirstStartIsStoppedOnDiskBeforeItIsForgotten) {
  Drive node;
  node.start().feed(LaunchFailed{node.node.generation, false, "why"});
  EXPECT_EQ(node.node.intent.goal, Goal::kStopped);
  EXPECT_NE(node.ordered<SaveIntent>(), nullptr);
  EXPECT_NE(node.ordered<Forget>(), nullptr);
}

TEST(NodeState, AFirstStartThatNeverServesIsStoppedAfterItsTimeOut) {
  Drive node;
  node.start().exec().wait(10s).fire();
  EXPECT_EQ(node.node.state, State::kStopping);
  EXPECT_NE(node.ordered<Terminate>(), nullptr);
  node.die().empty();
  EXPECT_EQ(node.node.state, State::kGone);
  EXPECT_THAT(node.answer(Waiter::kStart)->text,
              HasSubstr("does not accept connections on port 50051 after 10 s"));
}

TEST(NodeState, TheReadinessTimeOutRunsOnlyWhileCommsIsAlive) {
  Drive node;
  node.start().exec();
  node.context.comms_alive_since = std::nullopt;
  node.wait(10s).fire();
  EXPECT_EQ(node.node.state, State::kStarting);
  node.wait(5s);
  node.context.comms_alive_since = node.context.now.boot;
  node.wait(5s).fire();
  EXPECT_EQ(node.node.state, State::kStarting) << "comms is back for 5 s only";
  node.wait(5s).fire();
  EXPECT_EQ(node.node.state, State::kStopping);
}

TEST(NodeState, ARestartedNodeHasNoTimeOut) {
  Drive node;
  node.running().die().empty().exec();
  EXPECT_EQ(node.node.state, State::kStarting);
  EXPECT_FALSE(node.node.timer.has_value());
}

TEST(NodeState, ACrashIsRecordedThenReapedThenItsTreeIsKilled) {
  Drive node;
  node.running().die();
  ASSERT_EQ(node.effects.size(), 4U);
  EXPECT_TRUE(std::holds_alternative<RecordDeath>(node.effects[0]));
  EXPECT_TRUE(std::holds_alternative<SaveFacts>(node.effects[1]));
  EXPECT_TRUE(std::holds_alternative<Reap>(node.effects[2]));
  EXPECT_TRUE(std::holds_alternative<Kill>(node.effects[3]));
}

TEST(NodeState, ACrashKeepsPlacementAndCountsTheRestart) {
  Drive node;
  node.running();
  const Placement before = node.node.intent.placement;
  node.die().empty();
  EXPECT_NE(node.ordered<Spawn>(), nullptr) << "the first restart is at once";
  EXPECT_EQ(node.node.history.restart_count, 1U);
  EXPECT_EQ(node.node.intent.placement, before);
}

TEST(NodeState, NothingIsSpawnedBeforeTheOldTreeIsGone) {
  Drive node;
  node.running().die();
  EXPECT_EQ(node.ordered<Spawn>(), nullptr);
}

TEST(NodeState, RepeatedCrashesBackOffThenQuarantine) {
  Drive node;
  node.running().die().empty();
  node.exec().die().empty();
  EXPECT_EQ(node.node.state, State::kBackoff);
  EXPECT_EQ(node.ordered<ArmTimer>()->timer.due - node.context.now.boot, 500ms);
  node.wait(500ms).fire().exec().die().empty();
  EXPECT_EQ(node.node.state, State::kBackoff);
  EXPECT_EQ(node.ordered<ArmTimer>()->timer.due - node.context.now.boot, 1s);
  node.wait(1s).fire().exec().die().empty();
  EXPECT_EQ(node.node.state, State::kFailed) << "four failures, three restarts allowed";
  EXPECT_TRUE(node.node.intent.quarantined);
  EXPECT_NE(node.ordered<SaveIntent>(), nullptr);
}

TEST(NodeState, AStableRunResetsTheBackoff) {
  Drive node;
  node.running().die().empty().exec().ready().wait(60s).die().empty();
  EXPECT_EQ(node.node.state, State::kStarting) << "started again at once";
  EXPECT_EQ(node.node.history.in_a_row, 1U);
  EXPECT_EQ(node.node.history.restart_count, 2U) << "the count is never reset";
}

TEST(NodeState, WithRestartsOffACrashedNodeIsFailed) {
  Drive node;
  node.context.policy.restart_failed_nodes = false;
  node.running().die().empty();
  EXPECT_EQ(node.node.state, State::kFailed);
}

TEST(NodeState, ALaunchThatTakesTooLongIsGivenUpAndTheStartSaysWhy) {
  Drive node;
  node.start();
  ASSERT_NE(node.ordered<ArmTimer>(), nullptr);
  EXPECT_EQ(node.ordered<ArmTimer>()->delay, 5s);
  node.wait(5s).fire();
  EXPECT_NE(node.ordered<Kill>(), nullptr);
  EXPECT_EQ(node.answer(Waiter::kStart), nullptr) << "its launcher lives";
  node.feed(LaunchFailed{node.node.generation, false, "the launcher died"});
  EXPECT_EQ(node.node.state, State::kGone);
  ASSERT_NE(node.answer(Waiter::kStart), nullptr);
  EXPECT_THAT(
      node.answer(Waiter::kStart)->text,
      HasSubstr("launch the server in /data/node-1: the launcher did not execute it within 5 s and was "
                "killed; look whether the data directory's file system hangs"));
}

TEST(NodeState, ALaunchGivenUpIsAFailureLikeAnyOther) {
  Drive node;
  node.running().die().empty().wait(5s).fire();
  node.feed(LaunchFailed{node.node.generation, false, "the launcher died"});
  EXPECT_EQ(node.node.state, State::kBackoff);
  EXPECT_EQ(node.node.history.in_a_row, 2U);
  EXPECT_THAT(node.ordered<RecordEvent>()->cause, HasSubstr("did not execute it"));
}

TEST(NodeState, AServerThatExecutedJustBeforeItsLaunchWasGivenUpHasAStartAndADeath) {
  Drive node;
  node.running().die().empty().wait(5s).fire().exec();
  EXPECT_EQ(node.ordered<RecordEvent>()->what, "started");
  EXPECT_EQ(node.node.state, State::kCleaning);
  node.die();
  EXPECT_NE(node.ordered<RecordDeath>(), nullptr);
  node.empty();
  EXPECT_EQ(node.node.state, State::kBackoff);
  EXPECT_EQ(node.node.history.in_a_row, 2U);
}

TEST(NodeState, ALauncherReportBeforeTheDeadlineDisarmsIt) {
  for (const bool executed : {false, true}) {
    Drive node;
    node.running().die().empty();
    const TimerFired late{node.node.timer->token};
    if (executed) {
      node.exec();
    } else {
      node.feed(LaunchFailed{node.node.generation, true, "lock /data/node-1: held by pid 7"});
    }
    EXPECT_NE(node.ordered<DisarmTimer>(), nullptr);
    EXPECT_TRUE(node.feed(late).effects.empty());
  }
}

TEST(NodeState, AnUnresponsiveNodeIsStoppedAndStartedAgainAndCounted) {
  Drive node;
  node.running().feed(Unresponsive{node.node.generation, "3 probes failed"});
  EXPECT_EQ(node.node.state, State::kStopping);
  EXPECT_TRUE(node.node.probe_restart);
  node.die().empty();
  EXPECT_NE(node.ordered<Spawn>(), nullptr);
  EXPECT_EQ(node.node.history.restart_count, 1U);
  node.exec().ready();
  EXPECT_FALSE(node.node.probe_restart);
}

TEST(NodeState, AHeldLockIsOccupiedAndRetriedWithBackoff) {
  Drive node;
  node.running().die().empty().feed(
      LaunchFailed{node.node.generation, true, "lock /data/node-1: held by pid 7"});
  EXPECT_EQ(node.node.state, State::kOccupied);
  EXPECT_EQ(node.ordered<ArmTimer>()->timer.due - node.context.now.boot, 500ms);
  node.wait(500ms).fire();
  EXPECT_NE(node.ordered<Spawn>(), nullptr);
}

TEST(NodeState, AHeldLockFailsAFirstStart) {
  Drive node;
  node.start().feed(LaunchFailed{node.node.generation, true, "lock /data/node-1: held by pid 7"});
  EXPECT_EQ(node.node.state, State::kGone);
  EXPECT_THAT(node.answer(Waiter::kStart)->text, HasSubstr("held by pid 7"));
}

TEST(NodeState, StaleEventsChangeNothing) {
  Drive node;
  node.running().die().empty().exec();
  const Node before = node.node;
  for (const Event& stale :
       {Event{Exited{1, {}}}, Event{Emptied{1}}, Event{Ready{1}}, Event{Unresponsive{1, ""}},
        Event{Execed{1}}, Event{LaunchFailed{1, false, ""}}, Event{TimerFired{999}}}) {
    node.feed(stale);
    EXPECT_TRUE(node.effects.empty()) << stale.index();
    EXPECT_EQ(node.node.state, before.state);
  }
}

TEST(NodeState, WithoutProbesAReportOfAnUnresponsiveNodeIsIgnored) {
  Drive node;
  node.context.policy.readiness_by_probe = false;
  node.start().exec().feed(Unresponsive{node.node.generation, "invented"});
  EXPECT_EQ(node.node.state, State::kRunning);
}

TEST(NodeState, AFirstStartWhileCommsIsDownIsAnsweredAndContinues) {
  Drive node;
  node.context.comms_alive_since = std::nullopt;
  node.start().exec().wait(10s).fire();
  const Answer* answer = node.answer(Waiter::kStart);
  ASSERT_NE(answer, nullptr);
  EXPECT_FALSE(answer->success);
  EXPECT_NE(answer->text.find("comms"), std::string::npos) << answer->text;
  EXPECT_EQ(node.node.state, State::kStarting);
  EXPECT_EQ(node.ordered<Terminate>(), nullptr);
}

}  // namespace
}  // namespace sutra::supervisor::core
