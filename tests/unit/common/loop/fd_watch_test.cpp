#include "common/loop/fd_watch.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "common/unique_fd.h"
#include "tests/support/readable_pipe.h"

namespace sutra {
namespace {

using namespace std::chrono_literals;

void turn(EventLoop& loop) { uv_run(loop.raw(), UV_RUN_NOWAIT); }

TEST(FdWatch, IsNotStarvedByAnotherWatchThatIsReArmedAllTheTime) {
  constexpr int kTurns = 20;
  EventLoop loop;
  const ReadablePipe busy_pipe, quiet_pipe;
  int busy_turns = 0, quiet_turns = 0;
  FdWatch quiet;
  // First in each iteration, like a node whose change is sent to comms.
  FdWatch busy(loop, busy_pipe.fd(), UV_READABLE, [&](int) {
    ++busy_turns;
    quiet.watch(UV_READABLE);
  });
  quiet = FdWatch(loop, quiet_pipe.fd(), UV_READABLE, [&](int) { ++quiet_turns; });
  for (int i = 0; i < kTurns; ++i) turn(loop);
  EXPECT_EQ(busy_turns, kTurns);
  EXPECT_GE(quiet_turns, kTurns - 1);
}

TEST(FdWatch, CanChangeTheEventsItWatchesFor) {
  EventLoop loop;
  const ReadablePipe pipe;
  int seen = 0;
  FdWatch watch(loop, pipe.fd(), UV_PRIORITIZED, [&](int events) { seen |= events; });
  turn(loop);
  EXPECT_EQ(seen, 0);
  watch.watch(UV_READABLE);
  turn(loop);
  EXPECT_EQ(seen & UV_READABLE, UV_READABLE);
}

TEST(FdWatch, WatchesAgainAfterItWatchedForNothing) {
  EventLoop loop;
  const ReadablePipe pipe;
  int calls = 0;
  FdWatch watch(loop, pipe.fd(), UV_READABLE, [&](int) { ++calls; });
  watch.watch(0);
  turn(loop);
  EXPECT_EQ(calls, 0);
  watch.watch(UV_READABLE);
  turn(loop);
  EXPECT_EQ(calls, 1);
}

TEST(FdWatch, IsActiveUntilItIsStoppedAndThenReleasesTheDescriptor) {
  EventLoop loop;
  const ReadablePipe pipe;
  int calls = 0;
  FdWatch watch(loop, pipe.fd(), 0, [&](int) { ++calls; });
  EXPECT_TRUE(watch.active());
  watch.stop();
  EXPECT_FALSE(watch.active());
  watch.watch(UV_READABLE);
  turn(loop);
  EXPECT_EQ(calls, 0);
  const FdWatch again(loop, pipe.fd(), UV_READABLE, [&](int) { ++calls; });
  EXPECT_TRUE(again.ok()) << "the descriptor was still watched";
  turn(loop);
  EXPECT_EQ(calls, 1);
}

TEST(FdWatch, AnErrorIsReportedAsAllWatchedEventsAndWatchingGoesOn) {
  EventLoop loop;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  UniqueFd reader(ends[0]);
  const UniqueFd writer(ends[1]);
  reader.reset();  // then poll(2) reports POLLERR on the other end
  int calls = 0, seen = 0;
  FdWatch watch(loop, writer.get(), UV_READABLE, [&](int events) {
    ++calls;
    seen = events;
    watch.watch(UV_READABLE);
  });
  turn(loop);
  EXPECT_EQ(seen, UV_READABLE);
  turn(loop);
  EXPECT_EQ(calls, 2);
}

TEST(FdWatch, MayBeDestroyedByItsOwnCallback) {
  EventLoop loop;
  const ReadablePipe pipe;
  std::string seen;
  auto watch = std::make_unique<FdWatch>();
  *watch = FdWatch(loop, pipe.fd(), UV_READABLE, [&, text = std::string(100, 'x')](int) {
    watch.reset();
    seen += text;
  });
  turn(loop);
  turn(loop);
  EXPECT_EQ(seen, std::string(100, 'x'));
}

/// The kernel refuses to watch a regular file, as it does any descriptor when too many are watched.
class RefusedWatch : public ::testing::Test {
 protected:
  UniqueFd file_{memfd_create("refused", MFD_CLOEXEC)};
  EventLoop loop_;
};

TEST_F(RefusedWatch, IsPolledByATimerInstead) {
  int seen = 0;
  FdWatch watch(loop_, file_.get(), UV_READABLE, [&](int events) {
    seen = events;
    loop_.stop();
  });
  EXPECT_FALSE(watch.ok());
  EXPECT_TRUE(watch.active());
  loop_.run();
  EXPECT_EQ(seen, UV_READABLE);
  watch.stop();
  EXPECT_FALSE(watch.active());
}

TEST_F(RefusedWatch, IsNotPolledWhileItWatchesForNothing) {
  int calls = 0;
  FdWatch watch(loop_, file_.get(), UV_READABLE, [&](int) { ++calls; });
  watch.watch(0);
  const Timer end(loop_, 60ms, 0ms, [&] { loop_.stop(); });
  loop_.run();
  EXPECT_EQ(calls, 0);
}

TEST_F(RefusedWatch, IsPolledOnTimeEvenIfItIsReArmedAllTheTime) {
  int calls = 0;
  FdWatch watch(loop_, file_.get(), UV_READABLE, [&](int) { ++calls; });
  const Timer busy(loop_, 1ms, 1ms, [&] { watch.watch(UV_READABLE); });
  const Timer end(loop_, 100ms, 0ms, [&] { loop_.stop(); });
  loop_.run();
  EXPECT_GE(calls, 1);
}

TEST_F(RefusedWatch, MayBeDestroyedByItsOwnCallback) {
  std::string seen;
  auto watch = std::make_unique<FdWatch>();
  *watch = FdWatch(loop_, file_.get(), UV_READABLE, [&, text = std::string(100, 'x')](int) {
    watch.reset();
    seen += text;
    loop_.stop();
  });
  loop_.run();
  EXPECT_EQ(seen, std::string(100, 'x'));
}

}  // namespace
}  // namespace sutra
