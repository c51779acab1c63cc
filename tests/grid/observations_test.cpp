#include "tests/grid/observations.h"

#include <gtest/gtest.h>

#include <thread>

namespace sutra::grid_testing {
namespace {

TEST(Observations, CountEveryCallAndKeepTheLastArrivals) {
  Observations seen;
  ::grid::HeartbeatRequest beat;
  beat.set_agent_id("a");
  for (std::uint32_t i = 0; i < kArrivalsKept + 3; ++i) {
    beat.set_storage_node_count(i);
    seen.saw_heartbeat(beat);
  }
  const AgentTrace trace = seen.trace("a");
  EXPECT_EQ(trace.heartbeats, kArrivalsKept + 3);
  ASSERT_EQ(trace.beats.size(), kArrivalsKept);
  EXPECT_EQ(trace.beats.front().storage_node_count, 3U);
  EXPECT_EQ(seen.trace("b").heartbeats, 0U);
}

TEST(Observations, WaitEndsAsSoonAsTheConditionHolds) {
  Observations seen;
  std::thread caller([&seen] { seen.saw_unregistration("a"); });
  EXPECT_TRUE(seen.wait(
      "a", [](const AgentTrace& trace) { return trace.unregistrations == 1; }, std::chrono::seconds(10)));
  caller.join();
}

TEST(Observations, WaitGivesUpAfterItsTime) {
  Observations seen;
  EXPECT_FALSE(seen.wait(
      "a", [](const AgentTrace&) { return false; }, std::chrono::milliseconds(1)));
}

}  // namespace
}  // namespace sutra::grid_testing
