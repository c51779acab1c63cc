// Readiness of a descriptor, told by the event loop. Both processes; the loop's thread.
#pragma once
#include <functional>
#include <memory>

#include "common/loop/event_loop.h"
#include "common/loop/loop_handle.h"
#include "common/loop/timer.h"

namespace sutra {

/// The descriptor must stay open until stop() or the end of the watch. Its callback may destroy the watch.
///
/// Where the kernel refuses to watch the descriptor (no memory, too many watches), it is looked at every 20
/// ms instead: what happens is noticed late, but never missed.
class FdWatch {
 public:
  /// `events`: UV_READABLE | UV_WRITABLE | UV_DISCONNECT | UV_PRIORITIZED, those that happened.
  using Callback = std::function<void(int events)>;

  FdWatch() = default;
  /// Watches for `events` of `fd` from now on; 0: for nothing yet. `callback` gets the events that happened;
  /// an error of the watch itself is shown as all that are watched for, so that the owner tries the
  /// descriptor and sees the error there.
  FdWatch(EventLoop& loop, int fd, int events, Callback callback);

  /// Watches for these instead; 0: for nothing. To be called from any callback of the loop.
  void watch(int events);
  /// Lets go of the descriptor, which may then be closed. There is no way back.
  void stop();

  /// From construction to stop().
  [[nodiscard]] bool active() const { return wanted_ != nullptr; }
  /// False: the kernel cannot watch this descriptor, or not now, and it is looked at instead.
  [[nodiscard]] bool ok() const { return poll_.open(); }

 private:
  LoopHandle<uv_poll_t, std::function<void(int status, int seen)>> poll_;
  Timer look_;                   ///< where the kernel refused
  std::shared_ptr<int> wanted_;  ///< the events, shared with the callbacks; none when stopped
};

}  // namespace sutra
