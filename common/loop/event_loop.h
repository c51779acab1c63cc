// The one thread that owns all of comms' state, and the ways into it: timers, descriptors, posted work.
// Comms. Everything here belongs to the loop's thread, except LoopPost.
#pragma once
#include <uv.h>

#include <chrono>
#include <functional>
#include <memory>

namespace sutra::comms {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;

/// Hands work to the loop's thread. Copyable, callable from any thread, and may outlive the loop.
class LoopPost {
 public:
  /// Runs `task` on the loop's thread, in order of posting. False: the loop is over and took nothing.
  bool operator()(std::function<void()> task) const;

 private:
  friend class EventLoop;
  struct Mailbox;
  std::shared_ptr<Mailbox> mailbox_;
};

class EventLoop {
 public:
  EventLoop();
  /// Runs what was posted before, then refuses more. Timers and watches must be gone by then.
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Serves until stop(). The calling thread is the loop's thread.
  void run();
  /// Makes run() return after the callback that is running.
  void stop();
  /// Runs what was posted so far and refuses more; idempotent.
  void close_mailbox();
  [[nodiscard]] const LoopPost& post() const { return post_; }
  [[nodiscard]] uv_loop_t* raw() { return &loop_; }

 private:
  uv_loop_t loop_{};
  uv_async_t* wake_;  // freed by its close callback
  LoopPost post_;
};

/// One-shot. Destroying it cancels it; its callback may destroy it.
class Timer {
 public:
  Timer(EventLoop& loop, std::function<void()> callback);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  /// Fires once, not before `when` (in whole milliseconds, rounded up). Replaces an earlier order.
  void at(TimePoint when);
  void after(std::chrono::milliseconds delay) { at(Clock::now() + delay); }
  void cancel();

 private:
  struct Block;
  Block* block_;
};

/// Readiness of a descriptor, which must stay open while the watch lives. Its callback may destroy it.
class FdWatch {
 public:
  /// `callback` gets UV_READABLE | UV_WRITABLE | UV_DISCONNECT bits; an error of the poll itself is shown as
  /// all of them, so that the owner tries the descriptor and sees the error there.
  FdWatch(EventLoop& loop, int fd, std::function<void(int)> callback);
  ~FdWatch();
  FdWatch(const FdWatch&) = delete;
  FdWatch& operator=(const FdWatch&) = delete;
  /// False: the kernel cannot watch this descriptor.
  [[nodiscard]] bool watch(int events);

 private:
  struct Block;
  Block* block_;  // null when libuv refused the descriptor
};

}  // namespace sutra::comms
