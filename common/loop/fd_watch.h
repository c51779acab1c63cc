// Watches a descriptor for readiness. Both processes; the loop's thread.
#pragma once
#include <functional>
#include <memory>

#include "common/loop/event_loop.h"
#include "common/loop/loop_handle.h"
#include "common/loop/timer.h"

namespace sutra {

/// The caller owns the descriptor, which must stay open until stop() or the destruction of the watch. The
/// callback may destroy the watch.
///
/// When the kernel refuses to watch the descriptor (out of memory, too many epoll watches), it is polled
/// every 20 ms instead, so that events come late but are not lost.
class FdWatch {
 public:
  /// `events`: UV_READABLE | UV_WRITABLE | UV_DISCONNECT | UV_PRIORITIZED, those that happened.
  using Callback = std::function<void(int events)>;

  FdWatch() = default;
  /// Watches `fd` for `events`; 0: for none yet. `callback` gets the events that happened. An error of the
  /// watch is reported as all watched events: the owner then uses the descriptor and gets the error from it.
  FdWatch(EventLoop& loop, int fd, int events, Callback callback);

  /// Changes the watched events; 0: none. May be called from any callback of the loop.
  void watch(int events);
  /// Ends the watch for good. The descriptor may be closed afterwards.
  void stop();

  /// From construction to stop().
  [[nodiscard]] bool active() const { return wanted_ != nullptr; }
  /// False: the kernel refuses to watch the descriptor, and it is polled by a timer.
  [[nodiscard]] bool ok() const { return poll_.open(); }

 private:
  LoopHandle<uv_poll_t, std::function<void(int status, int seen)>> poll_;
  Timer look_;                   ///< polls the descriptor, if the kernel refused to watch it
  std::shared_ptr<int> wanted_;  ///< the watched events, shared with the callbacks; null when stopped
};

}  // namespace sutra
