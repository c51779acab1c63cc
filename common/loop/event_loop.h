// The libuv event loop of a process. One thread runs it and owns the process's state; timers, descriptors,
// signals and posted tasks call into that thread. Only LoopPost may be used from other threads. Both
// processes.
#pragma once
#include <uv.h>

#include <functional>
#include <memory>

namespace sutra {

/// Passes a task to the loop's thread. Copyable; usable from any thread, also after the loop is destroyed.
class LoopPost {
 public:
  /// Runs `task` on the loop's thread, in the order of the calls. False: the loop has ended; `task` is not
  /// run.
  bool operator()(std::function<void()> task) const;

 private:
  friend class EventLoop;
  struct Mailbox;
  std::shared_ptr<Mailbox> mailbox_;
};

class EventLoop {
 public:
  EventLoop();
  /// Runs the tasks that were posted. All timers and watches of the loop must be destroyed before.
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Runs callbacks until stop(). The calling thread is the loop's thread.
  void run();
  /// Makes run() return after the current callback. On the loop's thread only.
  void stop();
  /// Runs the tasks that were posted and refuses further ones. May be called again.
  void close_mailbox();
  [[nodiscard]] const LoopPost& post() const { return post_; }
  [[nodiscard]] uv_loop_t* raw() { return &loop_; }

 private:
  uv_loop_t loop_{};
  uv_async_t* wake_;  // freed by its close callback
  LoopPost post_;
};

}  // namespace sutra
