// The one thread that owns a process's state, and the ways into it: timers, descriptors, signals, posted
// work. Both processes. Everything here belongs to the loop's thread, except LoopPost. Timers and watches are
// in files of their own.
#pragma once
#include <uv.h>

#include <functional>
#include <memory>

namespace sutra {

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

}  // namespace sutra
