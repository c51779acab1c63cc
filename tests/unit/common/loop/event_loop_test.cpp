#include "common/loop/event_loop.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sutra {
namespace {

TEST(EventLoop, RunsTasksPostedByAnotherThreadInOrder) {
  EventLoop loop;
  std::vector<int> ran;
  const std::thread::id loops_thread = std::this_thread::get_id();
  bool on_loops_thread = true;
  std::thread other([&, post = loop.post()] {
    for (int i = 0; i < 100; ++i) {
      EXPECT_TRUE(post([&, i] {
        ran.push_back(i);
        on_loops_thread = on_loops_thread && std::this_thread::get_id() == loops_thread;
        if (i == 99) loop.stop();
      }));
    }
  });
  loop.run();
  other.join();
  ASSERT_EQ(ran.size(), 100U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(ran[static_cast<std::size_t>(i)], i);
  EXPECT_TRUE(on_loops_thread);
}

TEST(EventLoop, RunsTasksPostedBeforeItsEndAndRefusesLaterOnes) {
  int ran = 0;
  LoopPost post;
  {
    EventLoop loop;
    post = loop.post();
    EXPECT_TRUE(post([&] { ++ran; }));
  }
  EXPECT_EQ(ran, 1);
  EXPECT_FALSE(post([&] { ++ran; }));
  EXPECT_EQ(ran, 1);
}

TEST(EventLoop, APostToNoLoopIsRefused) {
  EXPECT_FALSE(LoopPost()([] {}));
}

}  // namespace
}  // namespace sutra
