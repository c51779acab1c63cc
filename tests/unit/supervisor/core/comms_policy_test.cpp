#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "supervisor/core/comms_policy.h"

namespace sutra::supervisor::core {
namespace {

using namespace std::chrono_literals;

/// Each run begins when the wait after the one before is over.
struct Restarts {
  const char* name;
  std::vector<Nanoseconds> runs;  ///< how long each lasted; kNone: it was not started
  std::vector<Nanoseconds> waits;
};
constexpr Nanoseconds kNone{-1};

class CommsRestarts : public ::testing::TestWithParam<Restarts> {};

TEST_P(CommsRestarts, Wait) {
  CommsPolicy policy;
  Nanoseconds now = 1000s;
  for (std::size_t i = 0; i < GetParam().runs.size(); ++i) {
    Nanoseconds wait{};
    if (const Nanoseconds run = GetParam().runs[i]; run == kNone) {
      wait = policy.not_started();
    } else {
      policy.started(now);
      now += run;
      wait = policy.ended(now);
    }
    EXPECT_EQ(wait, GetParam().waits[i]) << "after run " << i;
    now += wait;
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, CommsRestarts,
    ::testing::Values(Restarts{"TheFirstIsAtOnce", {1s}, {0s}},
                      Restarts{"ThenTheyDoubleToTheLongest",
                               {0s, 1ms, 1s, 2s, 3s, 4s, 5s, 6s, 7s},
                               {0s, 250ms, 500ms, 1s, 2s, 4s, 5s, 5s, 5s}},
                      Restarts{"AStableRunClearsThePast", {1s, 1s, 30s, 1s}, {0s, 250ms, 0s, 250ms}},
                      Restarts{"AnAlmostStableRunDoesNot", {1s, 1s, 29'999ms}, {0s, 250ms, 500ms}},
                      Restarts{"NotStartedIsNeverTriedAtOnce", {kNone, kNone, kNone}, {250ms, 500ms, 1s}},
                      Restarts{"NotStartedCountsAmongTheOthers", {1s, kNone, 1s}, {0s, 250ms, 500ms}}),
    [](const auto& at) { return std::string(at.param.name); });

TEST(CommsRestartsForEver, TheWaitNeverGrowsBeyondTheLongest) {
  CommsPolicy policy;
  policy.started(0s);
  for (int i = 0; i < 6; ++i) (void)policy.ended(1s);
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(policy.ended(1s), 5s) << i;
}

/// 'p': it pinged; 'l': it is looked at; 's': another was started; 'H': it is looked at and is hung.
struct Pings {
  const char* name;
  std::string story;
};
class CommsPings : public ::testing::TestWithParam<Pings> {};

TEST_P(CommsPings, MeanHung) {
  CommsPolicy policy;
  policy.started(1000s);
  for (std::size_t i = 0; i < GetParam().story.size(); ++i) {
    const char what = GetParam().story[i];
    if (what == 'p') {
      policy.pinged();
    } else if (what == 's') {
      policy.started(2000s);
    } else {
      EXPECT_EQ(policy.hung(), what == 'H') << GetParam().story << " at " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, CommsPings,
                         ::testing::Values(Pings{"TheThirdMissedOneInARow", "plllH"},
                                           Pings{"OneThatNeverPinged", "llH"},
                                           Pings{"APingInTimeClearsTheOthers", "plllplllpplllH"},
                                           Pings{"HungIsSaidOnce", "llHllll"},
                                           Pings{"ASuccessorBeginsAnew", "llsllHsllH"},
                                           Pings{"APingOfThePredecessorDoesNotCount", "psllH"}),
                         [](const auto& at) { return std::string(at.param.name); });

}  // namespace
}  // namespace sutra::supervisor::core
