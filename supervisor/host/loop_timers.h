// Timers on the event loop. Supervisor.
#pragma once
#include "common/loop/event_loop.h"
#include "supervisor/host/timers.h"

namespace sutra::supervisor {

class LoopTimers final : public Timers {
 public:
  /// `loop` outlives this and every handle that it gives out.
  explicit LoopTimers(EventLoop& loop) : loop_(loop) {}

  [[nodiscard]] core::Moment now() const override;
  [[nodiscard]] WatchHandle after(core::Nanoseconds delay, std::function<void()> due) override;
  [[nodiscard]] WatchHandle every(core::Nanoseconds interval, std::function<void()> due) override;

 private:
  EventLoop& loop_;
};

}  // namespace sutra::supervisor
