// The two clocks that we read. Supervisor.
#pragma once
#include "supervisor/core/node.h"

namespace sutra::supervisor {

/// CLOCK_BOOTTIME for decisions, CLOCK_REALTIME to label records.
[[nodiscard]] core::Moment now();

}  // namespace sutra::supervisor
