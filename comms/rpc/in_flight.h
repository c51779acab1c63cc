// Counts the callbacks that gRPC still owes us, so that what they use is destroyed after the last one. Comms.
//
// A ClientContext holds its channel, and the last reference to a channel must never go on one of gRPC's own
// threads: its destructor may end and join that very thread (seen as use after free with gRPC 1.51). So what
// a call consists of belongs to its starter, on the loop's thread, and a callback holds none of it.
#pragma once
#include <condition_variable>
#include <mutex>

namespace sutra::comms {

/// Safe to use from any thread. Shared between the starter and the callbacks.
class InFlight {
 public:
  void began() {
    const std::lock_guard lock(mutex_);
    ++count_;
  }
  /// The last thing that a callback does.
  void landed() {
    const std::lock_guard lock(mutex_);
    --count_;
    none_left_.notify_all();
  }
  [[nodiscard]] bool none() const {
    const std::lock_guard lock(mutex_);
    return count_ == 0;
  }
  /// Blocks until no callback is owed. Cancel the calls first.
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
