// A signal, delivered as an event of the loop. The supervisor.
#pragma once
#include <functional>

#include "common/loop/event_loop.h"
#include "common/loop/loop_handle.h"

namespace sutra {

/// Calls back with the signal's number as long as it lives, once for any number of the same that arrived
/// together.
class SignalWatch {
 public:
  SignalWatch(EventLoop& loop, int signum, std::function<void(int signum)> callback);

 private:
  LoopHandle<uv_signal_t, std::function<void(int)>> handle_;
};

}  // namespace sutra
