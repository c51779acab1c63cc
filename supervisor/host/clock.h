// The two clocks that the supervisor uses. Supervisor.
#pragma once
#include "supervisor/core/node.h"

namespace sutra::supervisor {

/// CLOCK_BOOTTIME for decisions: it never jumps and counts the time in suspend (clock_gettime(2)).
/// CLOCK_REALTIME only for times that people read.
[[nodiscard]] core::Moment now();

}  // namespace sutra::supervisor
