// Which system calls of an operation a campaign hurts: all of them, or every n-th. Tests only.
#pragma once
#include <cstdint>
#include <string>

namespace sutra::faults {

/// $SUTRA_FAULT_STRIDE: every how many calls one is hurt; unset: every 6th, and `make faults` sets 1. The first one
/// moves by one from day to day, so that a few days see each call. An operation of few calls is hurt at no fewer than
/// kAtLeast of them, or at all that it has.
/// $SUTRA_FAULT_FIRST: the call to begin with, and then each, to look closer at one.
class CallsToHurt {
 public:
  static constexpr std::uint64_t kAtLeast = 8;

  CallsToHurt();
  /// Nothing in the environment counts.
  CallsToHurt(std::uint64_t stride, std::uint64_t day);

  /// The call to hurt now, from 1 on; beyond the last of any operation while the calls are to be counted.
  [[nodiscard]] std::uint64_t next();
  /// The operation went through unhurt and made `total` calls. True when that was for the count only.
  [[nodiscard]] bool counted(std::uint64_t total);
  /// ", every 6th from the 3rd on"; empty when each is hurt.
  [[nodiscard]] std::string text() const;

 private:
  std::uint64_t stride_;
  std::uint64_t day_;
  std::uint64_t first_ = 1;
  std::uint64_t next_ = 1;
  bool counting_;
};

}  // namespace sutra::faults
