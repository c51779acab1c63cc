// A wall clock that jumps under the supervisor and under comms, and under nobody else. Tests only.
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

  /// For the supervisors to come; comms gets it from its wrapper.
  void set_under(e2e::Agent& agent) const;

  /// Every second ten years forth or back, until stop(): 10 years ahead, now, 10 years behind, now, ...
  void start_jumping();
  /// A day back, five times a second, until stop().
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
