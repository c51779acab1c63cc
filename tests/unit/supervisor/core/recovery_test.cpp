#include "supervisor/core/recovery.h"

#include <gtest/gtest.h>

#include "tests/unit/supervisor/core/drive.h"

namespace sutra::supervisor::core {
namespace {

using testing::default_policy;
using testing::Drive;
using testing::some_intent;
using namespace std::chrono_literals;

constexpr Nanoseconds kNow = 1000s;

Facts running_record() {
  Facts record;
  record.state = State::kRunning;
  record.generation = 4;
  record.started_at_unix = 1'700'000'000;
  record.since = 900s;
  record.process.pid = 77;
  return record;
}

RecoveredNode recover_with(const std::optional<Facts>& record, KernelView kernel, std::uint64_t found = 0) {
  return recover(some_intent(), record, found, kernel, default_policy(), kNow);
}

TEST(NodeRecoveryFromRecords, ALivingProcessIsWatched) {
  const RecoveredNode found = recover_with(running_record(), {Seen::kAlive, true});
  EXPECT_EQ(found.watch, ToWatch::kProcess);
  EXPECT_TRUE(found.event.process);
  EXPECT_EQ(found.node.generation, 4U);
}

TEST(NodeRecoveryFromRecords, AProcessThatIsGoneIsWatchedForItsDeath) {
  const RecoveredNode found = recover_with(running_record(), {Seen::kGone, true});
  EXPECT_EQ(found.watch, ToWatch::kProcess);
  EXPECT_TRUE(found.event.process);
}

Facts unseen_record() {
  Facts record = running_record();
  record.state = State::kStarting;
  record.started_at_unix = 0;
  return record;
}

TEST(NodeRecoveryFromRecords, AServerThatEndedWhileNobodyWatchedIsRecordedAsADeath) {
  const RecoveredNode found = recover_with(unseen_record(), {Seen::kGone, false, true});
  EXPECT_EQ(found.watch, ToWatch::kProcess);
  Drive node;
  node.node = found.node;
  node.feed(found.event);
  ASSERT_NE(node.ordered<RecordEvent>(), nullptr)
      << "without its start its death would be taken for a repeat";
  EXPECT_EQ(node.ordered<RecordEvent>()->what, "started");
}

TEST(NodeRecoveryFromRecords, ALauncherThatIsEndingIsNotTakenForAServer) {
  const RecoveredNode found = recover_with(unseen_record(), {Seen::kAlive, true, false});
  EXPECT_EQ(found.watch, ToWatch::kTree);
  EXPECT_FALSE(found.event.process);
  EXPECT_TRUE(found.event.leftovers);
}

TEST(NodeRecoveryFromRecords, WithoutARecordTheNextGenerationIsAboveTheOneThatStillRuns) {
  const RecoveredNode found = recover_with(std::nullopt, {}, 7);
  EXPECT_EQ(found.watch, ToWatch::kNothing);
  EXPECT_EQ(found.node.generation, 0U)
      << "recorded as ours, the process of 7 would be ended by the next supervisor";
  Drive node;
  node.node = found.node;
  node.node.intent.confirmed = true;
  node.feed(found.event);
  ASSERT_NE(node.ordered<Spawn>(), nullptr);
  EXPECT_EQ(node.ordered<Spawn>()->generation, 8U);
}

TEST(NodeRecoveryFromRecords, TheNextGenerationIsAboveOneThatIsHigherThanTheRecord) {
  Facts record = running_record();
  record.state = State::kBackoff;
  record.process.pid = 0;
  const RecoveredNode found = recover_with(record, {}, 5);  // what recorded 5 did not reach the disk
  Drive node;
  node.node = found.node;
  node.node.intent.confirmed = true;
  node.feed(found.event);
  ASSERT_NE(node.ordered<Spawn>(), nullptr);
  EXPECT_EQ(node.ordered<Spawn>()->generation, 6U);
}

TEST(NodeRecoveryFromRecords, LeftoversWithoutAProcessAreWatched) {
  Facts record = running_record();
  record.state = State::kCleaning;
  record.process.pid = 0;
  const RecoveredNode found = recover_with(record, {Seen::kGone, true});
  EXPECT_EQ(found.watch, ToWatch::kTree);
  EXPECT_TRUE(found.event.leftovers);
}

class LauncherAtRecovery : public ::testing::TestWithParam<State> {};

/// A stop that reached a launcher too: the state alone does not tell.
TEST_P(LauncherAtRecovery, ThatNeverExecutedIsNotRecordedAsADeath) {
  Facts record = running_record();
  record.state = GetParam();
  record.started_at_unix = 0;
  const RecoveredNode found = recover_with(record, {Seen::kGone, false});
  EXPECT_EQ(found.watch, ToWatch::kNothing);
  EXPECT_FALSE(found.event.process);

  Drive node;
  node.node = found.node;
  node.feed(found.event);
  EXPECT_EQ(node.ordered<RecordDeath>(), nullptr);
  ASSERT_NE(node.ordered<RecordEvent>(), nullptr);
  EXPECT_EQ(node.ordered<RecordEvent>()->what, "launch failed");
}
INSTANTIATE_TEST_SUITE_P(States, LauncherAtRecovery, ::testing::Values(State::kStarting, State::kStopping));

TEST(NodeRecoveryFromRecords, AProcessFoundAliveIsStartedEvenIfNobodySawItsExec) {
  Facts record = running_record();
  record.state = State::kStarting;
  record.started_at_unix = 0;
  const RecoveredNode found = recover_with(record, {Seen::kAlive, true});
  ASSERT_EQ(found.watch, ToWatch::kProcess);

  Drive node;
  node.node = found.node;
  node.node.intent.confirmed = true;
  node.feed(found.event);
  EXPECT_NE(node.node.started_at_unix, 0) << "the next supervisor would take its death for a launcher's";
  EXPECT_NE(node.ordered<SaveFacts>(), nullptr);
}

TEST(NodeRecoveryFromRecords, AServerWhoseStartWasNotSeenHasAStartEventBeforeItsDeath) {
  Facts record = running_record();
  record.state = State::kStarting;
  record.started_at_unix = 0;
  const RecoveredNode found = recover_with(record, {Seen::kGone, false, true});
  ASSERT_EQ(found.watch, ToWatch::kProcess);
  Drive node;
  node.node = found.node;
  node.node.intent.confirmed = true;
  node.feed(found.event);
  // Else the death of the same generation before a reboot, or of a forgotten node, would swallow its own.
  ASSERT_NE(node.ordered<RecordEvent>(), nullptr);
  EXPECT_EQ(node.ordered<RecordEvent>()->what, "started");
}

TEST(NodeRecoveryFromRecords, TimesOfAnEarlierBootAreNeverInTheFuture) {
  Facts record = running_record();
  record.process.pid = 0;
  record.state = State::kBackoff;
  record.since = 5000s;
  record.history.failures = {500s, 4000s};
  record.retry_due = 9000s;
  const RecoveredNode found = recover_with(record, {});
  EXPECT_EQ(found.node.since, kNow);
  EXPECT_EQ(found.node.history.failures, std::vector<Nanoseconds>{500s});
  ASSERT_TRUE(found.node.timer.has_value());
  EXPECT_EQ(found.node.timer->due, kNow + 72s) << "the longest backoff, with its jitter";
}

}  // namespace
}  // namespace sutra::supervisor::core
