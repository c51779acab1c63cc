// At which system calls of an operation a campaign injects a fault: at all of them, or at every n-th. Tests only.
#pragma once
#include <cstdint>
#include <string>

namespace sutra::faults {

/// $SUTRA_FAULT_STRIDE: n, for every n-th call; unset: every 6th, and `make faults` sets 1. The first one moves by one
/// from day to day, so that in n days each call is taken. At least kAtLeast calls of an operation are taken, or all
/// that it makes.
/// $SUTRA_FAULT_FIRST: the call to begin with; then each is taken. To examine one failure.
class FaultPoints {
 public:
  static constexpr std::uint64_t kAtLeast = 8;

  FaultPoints();
  /// Ignores the environment.
  FaultPoints(std::uint64_t stride, std::uint64_t day);

  /// The next call to take, from 1 on. While the calls are only counted, a number that no operation reaches.
  [[nodiscard]] std::uint64_t next();
  /// The operation ended without a fault after `total` calls. True if that run only counted them.
  [[nodiscard]] bool counted(std::uint64_t total);
  /// ", one in 6 from 3 on"; empty when each is taken.
  [[nodiscard]] std::string text() const;

 private:
  std::uint64_t stride_;
  std::uint64_t day_;
  std::uint64_t first_ = 1;
  std::uint64_t next_ = 1;
  bool counting_;
};

}  // namespace sutra::faults
