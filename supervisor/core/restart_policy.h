// When a failed node is started again: at once, after a backoff, or not at all. Pure.
#pragma once
#include <cstdint>
#include <variant>

#include "supervisor/core/node.h"

namespace sutra::supervisor::core {

/// Adds a failure at `now`. A run that was stable first clears the past.
void note_failure(History& history, const Policy& policy, Nanoseconds now, bool was_stable);

/// More than max_restarts failures within restart_window: the node is not started again by itself.
[[nodiscard]] bool exhausted(const History& history, const Policy& policy);

/// The wait before try number `failures` (1 = the first failure): 0, then backoff_initial doubling to
/// backoff_max, ±20 % by `entropy`: never below 0, never above 1.2 × backoff_max.
[[nodiscard]] Nanoseconds retry_delay(std::uint32_t failures, const Policy& policy, std::uint32_t entropy);

}  // namespace sutra::supervisor::core
