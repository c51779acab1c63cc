#include "common/loop/signal_watch.h"

#include <gtest/gtest.h>

#include <csignal>
#include <vector>

#include "common/loop/timer.h"

namespace sutra {
namespace {

TEST(SignalWatch, CallsBackFromTheLoopOnItsSignal) {
  EventLoop loop;
  std::vector<int> seen;
  std::vector<SignalWatch> watches;  // they move when it grows
  for (const int signum : {SIGUSR1, SIGUSR2}) {
    watches.emplace_back(loop, signum, [&](int which) {
      seen.push_back(which);
      if (seen.size() == 2) loop.stop();
    });
  }
  ASSERT_EQ(raise(SIGUSR1), 0);
  ASSERT_EQ(raise(SIGUSR2), 0);
  EXPECT_TRUE(seen.empty()) << "not from the signal handler";
  loop.run();
  EXPECT_EQ(seen, (std::vector<int>{SIGUSR1, SIGUSR2}));
}

}  // namespace
}  // namespace sutra
