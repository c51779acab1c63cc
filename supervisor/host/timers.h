// The clock and the timers of one thread, behind an interface: the event loop has the real ones, a unit test or the
// simulation brings its own and decides when time passes. Supervisor.
#pragma once
#include <functional>
#include <memory>

#include "supervisor/core/node.h"

namespace sutra::supervisor {

/// Something that calls back until it is destroyed: a timer, a watch on a process. Its own callback may destroy it.
class Watch {
 public:
  virtual ~Watch() = default;
};
using WatchHandle = std::unique_ptr<Watch>;

class Timers {
 public:
  virtual ~Timers() = default;

  /// CLOCK_BOOTTIME for decisions, CLOCK_REALTIME to label records.
  [[nodiscard]] virtual core::Moment now() const = 0;

  /// Calls `due` once, no sooner than `delay` from now and never from within this call.
  [[nodiscard]] virtual WatchHandle after(core::Nanoseconds delay, std::function<void()> due) = 0;
  /// Calls `due` again and again, `interval` apart; the first time after `interval`.
  [[nodiscard]] virtual WatchHandle every(core::Nanoseconds interval, std::function<void()> due) = 0;
};

}  // namespace sutra::supervisor
