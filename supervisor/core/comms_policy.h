// When comms counts as hung, and when it is replaced: at once, then with backoff, without end. Pure.
#pragma once
#include <cstdint>

#include "supervisor/core/node.h"

namespace sutra::supervisor::core {

/// One for all the comms processes that replace each other. Times are CLOCK_BOOTTIME.
class CommsPolicy {
 public:
  static constexpr Nanoseconds kPingInterval = std::chrono::seconds(2);
  static constexpr int kMissedPingsMeanHung = 3;

  /// A comms process began.
  void started(Nanoseconds now);
  void pinged() { pinged_ = true; }
  /// Call it once each kPingInterval. True once for a process: when it missed its third ping in a row. Missed
  /// pings are counted instead of measuring time: after we were stopped ourselves, its pings wait in the
  /// socket and are read before the next call.
  [[nodiscard]] bool hung();

  /// It ended, for whatever reason. Returns the wait before the next one: none, then 250 ms doubling to 5 s.
  /// A run of 30 s resets it.
  [[nodiscard]] Nanoseconds ended(Nanoseconds now);
  /// It could not be started. As above, but never at once.
  [[nodiscard]] Nanoseconds not_started();

 private:
  Nanoseconds since_{0};
  std::uint32_t failures_ = 0;  ///< in a row
  bool pinged_ = false;         ///< since it was asked last
  int missed_ = 0;              ///< in a row
};

}  // namespace sutra::supervisor::core
