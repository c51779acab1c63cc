#include "common/node_state.h"

#include <gtest/gtest.h>

#include <array>
#include <utility>

namespace sutra {
namespace {

TEST(NodeState, HasANameForOperatorsAndOneForTheMaster) {
  const std::array<std::pair<std::string_view, std::string_view>, 8> names{{{"gone", "stopped"},
                                                                            {"starting", "starting"},
                                                                            {"running", "running"},
                                                                            {"cleaning", "starting"},
                                                                            {"backoff", "starting"},
                                                                            {"stopping", "stopping"},
                                                                            {"failed", "failed"},
                                                                            {"occupied", "failed"}}};
  for (std::uint8_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(state_name(static_cast<NodeState>(i)), names[i].first);
    EXPECT_EQ(wire_state_name(static_cast<NodeState>(i)), names[i].second);
  }
}

TEST(NodeState, EveryNameParsesBackToItsValue) {
  for (const auto state :
       {NodeState::kGone, NodeState::kStarting, NodeState::kRunning, NodeState::kCleaning,
        NodeState::kBackoff, NodeState::kStopping, NodeState::kFailed, NodeState::kOccupied}) {
    EXPECT_EQ(state_named(state_name(state)), state);
  }
  for (const auto goal : {NodeGoal::kRunning, NodeGoal::kStopped, NodeGoal::kParked}) {
    EXPECT_EQ(goal_named(goal_name(goal)), goal);
  }
  for (const auto cause :
       {ExitCause::kNone, ExitCause::kExit, ExitCause::kSignal, ExitCause::kOom, ExitCause::kUnknown}) {
    EXPECT_EQ(cause_named(cause_name(cause)), cause);
  }
  EXPECT_EQ(goal_name(NodeGoal::kParked), "parked");
  EXPECT_EQ(cause_name(ExitCause::kOom), "oom");
}

TEST(NodeState, AValueOutsideTheEnumIsUnknownAndHasNoName) {
  EXPECT_EQ(state_name(static_cast<NodeState>(8)), "unknown");
  EXPECT_EQ(wire_state_name(static_cast<NodeState>(8)), "failed");
  EXPECT_EQ(state_named("unknown"), std::nullopt);
  EXPECT_EQ(state_named(""), std::nullopt);
  EXPECT_EQ(goal_named("Running"), std::nullopt);
  EXPECT_EQ(cause_named("kill"), std::nullopt);
}

}  // namespace
}  // namespace sutra
