#include "common/loop/watch.h"

#include <gtest/gtest.h>

#include "tests/support/readable_pipe.h"

namespace sutra::supervisor {
namespace {

TEST(PollWatch, IsNotStarvedByANeighbourThatSetsItAgainAndAgain) {
  constexpr int kTurns = 20;
  uv_loop_t loop;
  ASSERT_EQ(uv_loop_init(&loop), 0);
  const ReadablePipe busy_pipe, quiet_pipe;
  int busy_turns = 0, quiet_turns = 0;
  {
    PollWatch quiet;
    // First in each turn: as a node whose change is sent to comms.
    PollWatch busy(&loop, busy_pipe.fd(), UV_READABLE, [&](int) {
      ++busy_turns;
      quiet.set(UV_READABLE);
    });
    quiet = PollWatch(&loop, quiet_pipe.fd(), UV_READABLE, [&](int) { ++quiet_turns; });
    for (int i = 0; i < kTurns; ++i) uv_run(&loop, UV_RUN_NOWAIT);
  }
  while (uv_run(&loop, UV_RUN_NOWAIT) != 0) {
  }
  EXPECT_EQ(busy_turns, kTurns);
  EXPECT_GE(quiet_turns, kTurns - 1);
  EXPECT_EQ(uv_loop_close(&loop), 0);
}

TEST(PollWatch, CanBeSetToSomethingElse) {
  uv_loop_t loop;
  ASSERT_EQ(uv_loop_init(&loop), 0);
  const ReadablePipe pipe;
  int seen = 0;
  {
    PollWatch watch(&loop, pipe.fd(), UV_PRIORITIZED, [&](int events) { seen |= events; });
    uv_run(&loop, UV_RUN_NOWAIT);
    EXPECT_EQ(seen, 0);
    watch.set(UV_READABLE);
    uv_run(&loop, UV_RUN_NOWAIT);
    EXPECT_EQ(seen & UV_READABLE, UV_READABLE);
  }
  while (uv_run(&loop, UV_RUN_NOWAIT) != 0) {
  }
  EXPECT_EQ(uv_loop_close(&loop), 0);
}

}  // namespace
}  // namespace sutra::supervisor
