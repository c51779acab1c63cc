#include "common/loop/timer.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "common/loop/fd_watch.h"
#include "tests/support/readable_pipe.h"

namespace sutra {
namespace {

using namespace std::chrono_literals;

TEST(Timer, IsNeverEarlyForFractionsOfAMillisecond) {
  EventLoop loop;
  const ReadablePipe pipe;
  const FdWatch busy(loop, pipe.fd(), UV_READABLE,
                     [](int) {});  // so that the loop reads its clock all the time
  for (int i = 0; i < 20; ++i) {
    const TimePoint when = Clock::now() + 1ms + std::chrono::microseconds(i * 50);
    std::optional<TimePoint> fired;
    Timer timer(loop, [&] {
      fired = Clock::now();
      loop.stop();
    });
    timer.at(when);
    loop.run();
    ASSERT_TRUE(fired);
    EXPECT_GE(*fired, when);
  }
}

TEST(Timer, ADueTimeInThePastFiresSoonButNotWithinTheCall) {
  EventLoop loop;
  int fired = 0;
  Timer timer(loop, [&] { ++fired; });
  timer.at(Clock::now() - 1h);
  EXPECT_EQ(fired, 0);
  uv_run(loop.raw(), UV_RUN_NOWAIT);
  EXPECT_EQ(fired, 1);
}

TEST(Timer, ArmingAgainReplacesTheEarlierTime) {
  EventLoop loop;
  int fired = 0;
  Timer timer(loop, [&] { ++fired; });
  timer.after(1h);
  timer.after(0ms);
  uv_run(loop.raw(), UV_RUN_NOWAIT);
  EXPECT_EQ(fired, 1);
  uv_run(loop.raw(), UV_RUN_NOWAIT);
  EXPECT_EQ(fired, 1) << "a one-shot timer fires once";
}

TEST(Timer, ACancelledTimerDoesNotFireUntilItIsArmedAgain) {
  EventLoop loop;
  int fired = 0;
  Timer timer(loop, 0ms, 0ms, [&] { ++fired; });
  timer.cancel();
  uv_run(loop.raw(), UV_RUN_NOWAIT);
  EXPECT_EQ(fired, 0);
  timer.after(0ms);
  uv_run(loop.raw(), UV_RUN_NOWAIT);
  EXPECT_EQ(fired, 1);
}

TEST(Timer, RepeatsUntilItIsCancelled) {
  EventLoop loop;
  int fired = 0;
  Timer timer;
  timer = Timer(loop, 1ms, 1ms, [&] {
    if (++fired == 3) timer.cancel();
    if (fired == 3) loop.stop();
  });
  loop.run();
  EXPECT_EQ(fired, 3);
}

TEST(Timer, MayBeDestroyedByItsOwnCallback) {
  EventLoop loop;
  std::string seen;
  auto timer = std::make_unique<Timer>();
  // The text is too long for the small-string buffer: the callback's captures must outlive the timer.
  *timer = Timer(loop, 0ms, 0ms, [&, text = std::string(100, 'x')] {
    timer.reset();
    seen = text;
  });
  uv_run(loop.raw(), UV_RUN_NOWAIT);
  EXPECT_EQ(seen, std::string(100, 'x'));
}

TEST(Timer, MayBeReplacedByItsOwnCallback) {
  EventLoop loop;
  int first = 0, second = 0;
  Timer timer;
  timer = Timer(loop, 0ms, 0ms, [&] {
    timer = Timer(loop, 0ms, 0ms, [&] { ++second; });
    ++first;
  });
  uv_run(loop.raw(), UV_RUN_NOWAIT);
  uv_run(loop.raw(), UV_RUN_NOWAIT);
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 1);
}

TEST(Timer, ADefaultConstructedTimerIgnoresCalls) {
  Timer timer;
  timer.after(0ms);
  timer.cancel();
}

}  // namespace
}  // namespace sutra
