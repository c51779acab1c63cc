// A wall clock that jumps for the supervisor and comms only. Tests only.
#pragma once
#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "tests/support/agent.h"

namespace sutra::endurance {

/// Makes programs in `sandbox`/bin whose wall clock is the host's plus a shift that all of them share.
class MovingClock {
 public:
  explicit MovingClock(const e2e::Sandbox& sandbox);
  ~MovingClock();
  MovingClock(const MovingClock&) = delete;
  MovingClock& operator=(const MovingClock&) = delete;

  /// For supervisors started later; comms gets it from its wrapper.
  void set_under(e2e::Agent& agent) const;

  /// Jumps ten years every second until stop(): 10 years ahead, now, 10 years behind, now, ...
  void start_jumping();
  /// Sets the clock back by a day, five times a second, until stop().
  void start_falling_back();
  void stop();
  [[nodiscard]] int jumps() const { return jumps_; }

 private:
  void jump_to(long long shift_secs);
  void jump_every(std::chrono::milliseconds interval, std::function<long long(int jump)> shift_of);

  std::string directory_, shift_file_;
  volatile long long* shift_ = nullptr;
  std::atomic<bool> over_{false};
  std::atomic<int> jumps_{0};
  std::thread jumper_;
};

}  // namespace sutra::endurance
