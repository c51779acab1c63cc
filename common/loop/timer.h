// A timer of the event loop, in CLOCK_MONOTONIC. Both processes; the loop's thread.
#pragma once
#include <chrono>
#include <functional>

#include "common/loop/event_loop.h"
#include "common/loop/loop_handle.h"

namespace sutra {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;

/// Destroying it cancels it. Its callback may destroy it. at(), after() and every() replace an earlier order.
class Timer {
 public:
  /// An empty timer: all functions do nothing until another timer is moved into it.
  Timer() = default;
  /// Does not fire before at(), after() or every() is called.
  Timer(EventLoop& loop, std::function<void()> callback);
  /// Fires `delay` from now and, unless `repeat` is 0, every `repeat` after that.
  Timer(EventLoop& loop, std::chrono::milliseconds delay, std::chrono::milliseconds repeat,
        std::function<void()> callback);

  /// Fires once, at `when` or up to 1 ms later (if the loop is not busy); at once when `when` has passed, but
  /// never from within this call.
  void at(TimePoint when);
  void after(std::chrono::milliseconds delay) { at(Clock::now() + delay); }
  /// Fires every `interval`, the first time after one `interval`.
  void every(std::chrono::milliseconds interval) { start(Clock::now() + interval, interval); }
  /// Does not fire any more until at(), after() or every() is called.
  void cancel();

 private:
  void start(TimePoint when, std::chrono::milliseconds repeat);

  LoopHandle<uv_timer_t, std::function<void()>> handle_;
};

}  // namespace sutra
