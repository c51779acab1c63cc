// A timer of the event loop, in monotonic time. Both processes; the loop's thread.
#pragma once
#include <chrono>
#include <functional>

#include "common/loop/event_loop.h"
#include "common/loop/loop_handle.h"

namespace sutra {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;

/// Destroying it cancels it; its callback may destroy it. A new order replaces the one before.
class Timer {
 public:
  /// Has no callback and takes no orders until another timer is moved into it; cancel() does nothing.
  Timer() = default;
  /// Waits for an order.
  Timer(EventLoop& loop, std::function<void()> callback);
  /// Fires `delay` from now and, unless `repeat` is 0, every `repeat` after that.
  Timer(EventLoop& loop, std::chrono::milliseconds delay, std::chrono::milliseconds repeat,
        std::function<void()> callback);

  /// Fires once, not before `when` and less than a millisecond after it; what is past already is due at once.
  /// Never from within this call.
  void at(TimePoint when);
  void after(std::chrono::milliseconds delay) { at(Clock::now() + delay); }
  /// Fires again and again, the first time after `interval`.
  void every(std::chrono::milliseconds interval) { start(Clock::now() + interval, interval); }
  /// Does not fire until the next order.
  void cancel();

 private:
  void start(TimePoint when, std::chrono::milliseconds repeat);

  LoopHandle<uv_timer_t, std::function<void()>> handle_;
};

}  // namespace sutra
