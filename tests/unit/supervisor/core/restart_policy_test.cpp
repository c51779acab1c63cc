#include "supervisor/core/restart_policy.h"

#include <gtest/gtest.h>

#include "tests/unit/supervisor/core/drive.h"

namespace sutra::supervisor::core {
namespace {

using namespace std::chrono_literals;

TEST(RestartPolicy, FirstRestartIsAtOnceThenTheWaitDoublesToItsMaximum) {
  const Policy policy = testing::default_policy();
  const std::uint32_t middle = 200;
  EXPECT_EQ(retry_delay(1, policy, middle), 0s);
  EXPECT_EQ(retry_delay(2, policy, middle), 500ms);
  EXPECT_EQ(retry_delay(3, policy, middle), 1s);
  EXPECT_EQ(retry_delay(4, policy, middle), 2s);
  EXPECT_EQ(retry_delay(9, policy, middle), 60s);
  EXPECT_EQ(retry_delay(4'000'000'000U, policy, middle), 60s);
}

TEST(RestartPolicy, JitterStaysWithinTwentyPerCent) {
  const Policy policy = testing::default_policy();
  Nanoseconds least = 1h;
  Nanoseconds most = 0s;
  for (std::uint32_t entropy = 0; entropy < 5000; ++entropy) {
    const Nanoseconds delay = retry_delay(3, policy, entropy);
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  EXPECT_EQ(least, 800ms);
  EXPECT_EQ(most, 1200ms);
}

TEST(RestartPolicy, OnlyFailuresWithinTheWindowCount) {
  const Policy policy = testing::default_policy();
  History history;
  for (int i = 0; i < 10; ++i) note_failure(history, policy, i * 300s, false);
  EXPECT_FALSE(exhausted(history, policy)) << "three within any 600 s are allowed";
  note_failure(history, policy, 2701s, false);
  note_failure(history, policy, 2702s, false);
  EXPECT_TRUE(exhausted(history, policy));
}

TEST(RestartPolicy, AStableRunClearsThePast) {
  const Policy policy = testing::default_policy();
  History history;
  for (int i = 0; i < 4; ++i) note_failure(history, policy, 1s * i, false);
  note_failure(history, policy, 100s, true);
  EXPECT_EQ(history.in_a_row, 1U);
  EXPECT_FALSE(exhausted(history, policy));
}

TEST(RestartPolicy, TheListOfFailuresStaysSmallHoweverOftenItFails) {
  const Policy policy = testing::default_policy();
  History history;
  for (int i = 0; i < 10000; ++i) note_failure(history, policy, Nanoseconds{i}, false);
  EXPECT_LE(history.failures.size(), policy.max_restarts + 1U);
}

}  // namespace
}  // namespace sutra::supervisor::core
