// The clocks and timers of the event loop. Resolution: 1 ms, rounded up. Supervisor, the loop's thread.
#pragma once
#include "common/loop/event_loop.h"
#include "supervisor/host/timers.h"

namespace sutra::supervisor {

class LoopTimers final : public Timers {
 public:
  /// `loop` must outlive this object and every handle that it returns.
  explicit LoopTimers(EventLoop& loop) : loop_(loop) {}

  [[nodiscard]] core::Moment now() const override;
  [[nodiscard]] WatchHandle after(core::Nanoseconds delay, std::function<void()> due) override;
  [[nodiscard]] WatchHandle every(core::Nanoseconds interval, std::function<void()> due) override;

 private:
  EventLoop& loop_;
};

}  // namespace sutra::supervisor
