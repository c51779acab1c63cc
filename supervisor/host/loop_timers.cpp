#include "supervisor/host/loop_timers.h"

#include <chrono>
#include <utility>

#include "common/loop/timer.h"
#include "supervisor/host/clock.h"

namespace sutra::supervisor {
namespace {

using std::chrono::milliseconds;

class LoopTimer final : public Watch {
 public:
  LoopTimer(EventLoop& loop, core::Nanoseconds delay, core::Nanoseconds repeat, std::function<void()> due)
      : timer_(loop, std::chrono::ceil<milliseconds>(delay), std::chrono::ceil<milliseconds>(repeat),
               std::move(due)) {}

 private:
  Timer timer_;
};

}  // namespace

core::Moment LoopTimers::now() const { return supervisor::now(); }

WatchHandle LoopTimers::after(core::Nanoseconds delay, std::function<void()> due) {
  return std::make_unique<LoopTimer>(loop_, delay, core::Nanoseconds{0}, std::move(due));
}

WatchHandle LoopTimers::every(core::Nanoseconds interval, std::function<void()> due) {
  return std::make_unique<LoopTimer>(loop_, interval, interval, std::move(due));
}

}  // namespace sutra::supervisor
