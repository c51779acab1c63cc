// Counts the callbacks that gRPC has not called yet, so that the objects they use are destroyed after the
// last one. Comms.
//
// A ClientContext holds a reference to its channel. The last reference must not be dropped on one of gRPC's
// threads: the channel's destructor may end and join that thread (a use after free with gRPC 1.51). So the
// objects of a call belong to the code that starts it, on the loop's thread, and a callback owns none of
// them.
#pragma once
#include <condition_variable>
#include <mutex>

namespace sutra::comms {

/// Thread-safe. Shared between the code that starts calls and the callbacks.
class InFlight {
 public:
  /// Call it before a call is started.
  void began() {
    const std::lock_guard lock(mutex_);
    ++count_;
  }
  /// Must be the last action of a callback.
  void landed() {
    const std::lock_guard lock(mutex_);
    --count_;
    none_left_.notify_all();
  }
  [[nodiscard]] bool none() const {
    const std::lock_guard lock(mutex_);
    return count_ == 0;
  }
  /// Blocks until all callbacks have been called. Cancel the calls first.
  void wait() {
    std::unique_lock lock(mutex_);
    none_left_.wait(lock, [this] { return count_ == 0; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable none_left_;
  int count_ = 0;
};

}  // namespace sutra::comms
