#include "common/loop/event_loop.h"

#include <gtest/gtest.h>

#include <memory>

#include "tests/support/readable_pipe.h"

namespace sutra::comms {
namespace {

TEST(FdWatch, IsNotStarvedByANeighbourThatWatchesItAgainAndAgain) {
  constexpr int kTurns = 20;
  EventLoop loop;
  const ReadablePipe busy_pipe, quiet_pipe;
  int busy_turns = 0, quiet_turns = 0;
  FdWatch quiet(loop, quiet_pipe.fd(), [&](int) { ++quiet_turns; });
  FdWatch busy(loop, busy_pipe.fd(), [&](int) {
    ++busy_turns;
    EXPECT_TRUE(quiet.watch(UV_READABLE));
    if (busy_turns == kTurns) loop.stop();
  });
  ASSERT_TRUE(busy.watch(UV_READABLE));  // first in each turn
  ASSERT_TRUE(quiet.watch(UV_READABLE));
  loop.run();
  EXPECT_EQ(busy_turns, kTurns);
  EXPECT_GE(quiet_turns, kTurns - 1);
}

TEST(FdWatch, WatchesAgainAfterItWasToldToWatchNothing) {
  EventLoop loop;
  const ReadablePipe pipe;
  int calls = 0;
  FdWatch watch(loop, pipe.fd(), [&](int) {
    ++calls;
    loop.stop();
  });
  ASSERT_TRUE(watch.watch(UV_READABLE));
  ASSERT_TRUE(watch.watch(0));
  ASSERT_TRUE(watch.watch(UV_READABLE));
  loop.run();
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace sutra::comms
