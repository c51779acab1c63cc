// Receives a signal as a callback of the event loop. Supervisor; the loop's thread.
#pragma once
#include <functional>

#include "common/loop/event_loop.h"
#include "common/loop/loop_handle.h"

namespace sutra {

/// Calls back with the signal's number until it is destroyed. Several signals of one number that arrive
/// together give one call (signal(7)).
class SignalWatch {
 public:
  SignalWatch(EventLoop& loop, int signum, std::function<void(int signum)> callback);

 private:
  LoopHandle<uv_signal_t, std::function<void(int)>> handle_;
};

}  // namespace sutra
