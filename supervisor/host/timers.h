// Interface to the clocks and timers of one thread. LoopTimers implements it with the event loop; unit tests
// and the simulation implement it with a time of their own. Supervisor.
#pragma once
#include <functional>
#include <memory>

#include "supervisor/core/node.h"

namespace sutra::supervisor {

/// A timer or a watch on a descriptor that calls back until it is destroyed. Its callback may destroy it.
class Watch {
 public:
  virtual ~Watch() = default;
};
using WatchHandle = std::unique_ptr<Watch>;

class Timers {
 public:
  virtual ~Timers() = default;

  /// See supervisor::now() in clock.h.
  [[nodiscard]] virtual core::Moment now() const = 0;

  /// Calls `due` once, not earlier than `delay` from now and never from within this call.
  [[nodiscard]] virtual WatchHandle after(core::Nanoseconds delay, std::function<void()> due) = 0;
  /// Calls `due` every `interval`; the first time after one `interval`.
  [[nodiscard]] virtual WatchHandle every(core::Nanoseconds interval, std::function<void()> due) = 0;
};

}  // namespace sutra::supervisor
