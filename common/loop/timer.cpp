#include "common/loop/timer.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace sutra {

using std::chrono::milliseconds;

Timer::Timer(EventLoop& loop, std::function<void()> callback) {
  handle_.make(std::move(callback), [&](uv_timer_t* timer) { return uv_timer_init(loop.raw(), timer); });
}

Timer::Timer(EventLoop& loop, milliseconds delay, milliseconds repeat, std::function<void()> callback)
    : Timer(loop, std::move(callback)) {
  start(Clock::now() + delay, repeat);
}

void Timer::at(TimePoint when) { start(when, milliseconds{0}); }

void Timer::start(TimePoint when, milliseconds repeat) {
  if (!handle_.open()) return;
  uv_timer_t* timer = handle_.handle();
  uv_update_time(timer->loop);
  milliseconds delay{0};
  if (when > Clock::now()) {
    // libuv counts the delay from uv_now(), which is the same clock rounded down to a millisecond. So the
    // timer could fire up to 1 ms early even with a delay that was rounded up. Compute the delay from
    // uv_now() instead.
    const milliseconds due = std::chrono::ceil<milliseconds>(when.time_since_epoch());
    const milliseconds loop_time{static_cast<std::int64_t>(uv_now(timer->loop))};
    delay = std::max(due - loop_time, milliseconds{0});
  }
  uv_timer_start(
      timer, [](uv_timer_t* fired) { decltype(handle_)::call(fired->data); },
      static_cast<std::uint64_t>(delay.count()), static_cast<std::uint64_t>(repeat.count()));
}

void Timer::cancel() {
  if (handle_.open()) uv_timer_stop(handle_.handle());
}

}  // namespace sutra
