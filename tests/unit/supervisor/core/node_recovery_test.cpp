#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/supervisor/core/drive.h"

namespace sutra::supervisor::core {
namespace {

using testing::Drive;
using ::testing::HasSubstr;
using testing::some_intent;
using namespace std::chrono_literals;

struct RecoveryCase {
  const char* name;
  State recorded;
  Goal goal;
  bool confirmed;
  bool quarantined;
  Recovered event;
  State expected;
};
constexpr Recovered kProcess{true, false}, kLeftovers{false, true}, kNothing{false, false};
constexpr RecoveryCase kCases[] = {
    {"RunningStaysRunning", State::kRunning, Goal::kRunning, true, false, kProcess, State::kRunning},
    {"StartingStaysStarting", State::kStarting, Goal::kRunning, false, false, kProcess, State::kStarting},
    {"StoppedIsStoppedFurther", State::kRunning, Goal::kStopped, true, false, kProcess, State::kStopping},
    {"RestartUnderWayGoesOn", State::kStopping, Goal::kRunning, true, false, kProcess, State::kStopping},
    {"WithoutProcessItIsSpawned", State::kRunning, Goal::kRunning, true, false, kNothing, State::kStarting},
    {"LeftoversAreCleanedFirst", State::kCleaning, Goal::kRunning, true, false, kLeftovers, State::kCleaning},
    {"StoppedLeftoversAreCleaned", State::kStopping, Goal::kStopped, true, false, kLeftovers,
     State::kStopping},
    {"StoppedWithoutProcessIsForgotten", State::kStopping, Goal::kStopped, true, false, kNothing,
     State::kGone},
    {"UnconfirmedWithoutProcessIsForgotten", State::kStarting, Goal::kRunning, false, false, kNothing,
     State::kGone},
    {"QuarantineSurvives", State::kFailed, Goal::kRunning, true, true, kNothing, State::kFailed},
};
class NodeRecovery : public ::testing::TestWithParam<RecoveryCase> {};

TEST_P(NodeRecovery, LeadsTo) {
  const RecoveryCase& c = GetParam();
  Drive node;
  node.running();
  node.node.state = c.recorded;
  node.node.leader = Leader::kNone;
  node.node.intent.goal = c.goal;
  node.node.intent.confirmed = c.confirmed;
  node.node.intent.quarantined = c.quarantined;
  node.feed(c.event);
  EXPECT_EQ(node.node.state, c.expected);
  EXPECT_EQ(node.ordered<Spawn>() != nullptr, c.expected == State::kStarting && !c.event.process);
}

INSTANTIATE_TEST_SUITE_P(All, NodeRecovery, ::testing::ValuesIn(kCases),
                         [](const auto& at) { return at.param.name; });

TEST(NodeState, LeftoverProcessesAtOurStartDoNotResetTheFailureCount) {
  Drive node;
  node.running().die().empty().exec().die();
  node.feed(Recovered{false, true}).empty();
  EXPECT_EQ(node.node.state, State::kBackoff);
}

TEST(NodeState, AQuarantineThatSurvivesAReloadOrARebootSaysWhy) {
  Drive reloaded;
  reloaded.context.policy.restart_failed_nodes = false;
  reloaded.running().die({ExitCause::kExit, 7, 0, 0}).empty();
  reloaded.node.failure.clear();  // it is not recorded
  reloaded.feed(Recovered{false, false});
  EXPECT_EQ(reloaded.node.failure, "it exited with code 7");

  Drive rebooted;
  rebooted.node.intent = some_intent();
  rebooted.node.intent.confirmed = rebooted.node.intent.quarantined = true;
  rebooted.feed(Recovered{false, false});
  EXPECT_THAT(rebooted.node.failure, HasSubstr("quarantined"));
}

TEST(NodeState, ABackoffContinuesAfterOurRestart) {
  Drive node;
  node.running().die().empty().exec().die().empty();
  node.wait(200ms).feed(Recovered{false, false});
  EXPECT_EQ(node.node.state, State::kBackoff);
  EXPECT_EQ(node.node.timer->due - node.context.now.boot, 300ms);
}

}  // namespace
}  // namespace sutra::supervisor::core
