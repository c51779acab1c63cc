#include "comms/probe/probe_schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sutra::comms {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;

ipc::NodeRow row_of(NodeState state, std::uint64_t generation = 1) {
  ipc::NodeRow row;
  row.node_id.assign("n1");
  row.state = state;
  row.generation = generation;
  row.pid = 100;
  row.port = 50051;
  row.uid = 1000;
  return row;
}

class ProbeScheduleTest : public ::testing::Test {
 protected:
  void update(NodeState state, std::uint64_t generation = 1) {
    schedule_.update(0, row_of(state, generation), now_);
  }
  /// Moves the clock to the next probe and takes it.
  ProbeOrder next() {
    now_ = schedule_.next_wake().value();
    const auto orders = schedule_.due(now_, 10);
    EXPECT_THAT(orders, SizeIs(1));
    return orders.front();
  }
  ProbeSchedule::Report judge(const ProbeOrder& order, Verdict verdict) {
    return schedule_.judge(order.row, order.serial, verdict, "connect 127.0.0.1:50051: Connection refused",
                           now_);
  }
  static bool silent(const ProbeSchedule::Report& report) { return report.index() == 0; }

  ProbeSchedule::TimePoint now_{1000s};
  ProbeSchedule schedule_{ProbePolicy{10s, 3, 1}};
};

TEST_F(ProbeScheduleTest, AStartingNodeIsProbedEveryTenMillisecondsDoublingToHalfASecond) {
  update(NodeState::kStarting);
  const std::vector<std::chrono::milliseconds> delays{10ms, 20ms, 40ms, 80ms, 160ms, 320ms, 500ms, 500ms};
  for (const auto delay : delays) {
    const auto before = now_;
    const auto order = next();
    EXPECT_EQ(now_ - before, delay);
    EXPECT_FALSE(order.liveness);
    EXPECT_TRUE(silent(judge(order, Verdict::kFails)));
  }
}

TEST_F(ProbeScheduleTest, ReadinessIsReportedAndAgainEachSecondWhileTheRowSaysStarting) {
  update(NodeState::kStarting, 7);
  const auto report = judge(next(), Verdict::kServes);
  ASSERT_TRUE(std::holds_alternative<ipc::NodeReady>(report));
  EXPECT_EQ(std::get<ipc::NodeReady>(report).generation, 7U);
  EXPECT_EQ(std::get<ipc::NodeReady>(report).node_id.view(), "n1");
  const auto before = now_;
  EXPECT_TRUE(std::holds_alternative<ipc::NodeReady>(judge(next(), Verdict::kServes)));
  EXPECT_EQ(now_ - before, 1s);
}

TEST_F(ProbeScheduleTest, ARunningNodeIsProbedEachInterval) {
  update(NodeState::kRunning);
  EXPECT_TRUE(silent(judge(next(), Verdict::kServes)));
  const auto before = now_;
  EXPECT_TRUE(next().liveness);
  EXPECT_EQ(now_ - before, 10s);
}

TEST_F(ProbeScheduleTest, ThreeFailuresInARowAreReportedWithTheLastCause) {
  update(NodeState::kRunning);
  EXPECT_TRUE(silent(judge(next(), Verdict::kFails)));
  EXPECT_TRUE(silent(judge(next(), Verdict::kFails)));
  const auto report = judge(next(), Verdict::kFails);
  ASSERT_TRUE(std::holds_alternative<ipc::NodeUnresponsive>(report));
  EXPECT_EQ(std::get<ipc::NodeUnresponsive>(report).reason.view(),
            "3 probes in a row failed; the last: connect 127.0.0.1:50051: Connection refused");
}

TEST_F(ProbeScheduleTest, ASuccessBetweenFailuresStartsTheCountAnew) {
  update(NodeState::kRunning);
  for (int round = 0; round < 5; ++round) {
    EXPECT_TRUE(silent(judge(next(), Verdict::kFails)));
    EXPECT_TRUE(silent(judge(next(), Verdict::kFails)));
    EXPECT_TRUE(silent(judge(next(), Verdict::kServes)));
  }
}

TEST_F(ProbeScheduleTest, AnErrorOfOurOwnIsNotAFailedProbe) {
  update(NodeState::kRunning);
  EXPECT_TRUE(silent(judge(next(), Verdict::kFails)));
  EXPECT_TRUE(silent(judge(next(), Verdict::kFails)));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(silent(judge(next(), Verdict::kNone)));
  EXPECT_FALSE(silent(judge(next(), Verdict::kFails)));
}

TEST_F(ProbeScheduleTest, ANewGenerationStartsAgainAndResultsOfTheOldOneAreIgnored) {
  update(NodeState::kStarting, 1);
  const auto old = next();
  update(NodeState::kStarting, 2);
  EXPECT_TRUE(silent(judge(old, Verdict::kServes)));
  const auto report = judge(next(), Verdict::kServes);
  ASSERT_TRUE(std::holds_alternative<ipc::NodeReady>(report));
  EXPECT_EQ(std::get<ipc::NodeReady>(report).generation, 2U);
}

TEST_F(ProbeScheduleTest, TheSameRowAgainDoesNotRestartTheSchedule) {
  update(NodeState::kStarting);
  judge(next(), Verdict::kFails);
  const auto due = schedule_.next_wake();
  update(NodeState::kStarting);
  EXPECT_EQ(schedule_.next_wake(), due);
}

TEST_F(ProbeScheduleTest, OnlyStartingAndRunningNodesWithAProcessAreProbed) {
  for (const auto state : {NodeState::kGone, NodeState::kCleaning, NodeState::kBackoff, NodeState::kStopping,
                           NodeState::kFailed, NodeState::kOccupied}) {
    update(NodeState::kRunning);
    EXPECT_TRUE(schedule_.next_wake().has_value());
    update(state);
    EXPECT_FALSE(schedule_.next_wake().has_value());
  }
  auto unprobed = row_of(NodeState::kStarting);
  unprobed.probe = 0;
  schedule_.update(0, unprobed, now_);
  EXPECT_FALSE(schedule_.next_wake().has_value());
  auto without_process = row_of(NodeState::kStarting);
  without_process.pid = 0;
  schedule_.update(0, without_process, now_);
  EXPECT_FALSE(schedule_.next_wake().has_value());
}

TEST_F(ProbeScheduleTest, WithALimitTheLongestOverdueIsProbedFirst) {
  for (std::uint32_t row = 0; row < 10; ++row) {
    auto state = row_of(NodeState::kStarting);
    state.node_id.assign("n" + std::to_string(row));
    schedule_.update(row, state, now_);
  }
  std::map<std::uint32_t, int> probed;
  for (int turn = 0; turn < 50; ++turn) {
    now_ += 500ms;
    for (const auto& order : schedule_.due(now_, 2)) {
      ++probed[order.row];
      EXPECT_TRUE(silent(judge(order, Verdict::kFails)));
    }
  }
  EXPECT_THAT(probed, SizeIs(10));
  for (const auto& [row, times] : probed) EXPECT_GE(times, 9) << row;
}

TEST_F(ProbeScheduleTest, ANodeIsNotProbedAgainWhileAProbeIsUnderWay) {
  update(NodeState::kStarting);
  (void)next();
  EXPECT_FALSE(schedule_.next_wake().has_value());
  EXPECT_THAT(schedule_.due(now_ + 1h, 10), IsEmpty());
}

}  // namespace
}  // namespace sutra::comms
