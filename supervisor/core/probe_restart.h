// Which failed probes restart a node: at most one such restart at a time on a host. Pure.
#pragma once
#include <cstdint>
#include <span>

#include "supervisor/core/node.h"

namespace sutra::supervisor::core {

/// Whether a report that generation `generation` of `node` does not answer restarts it now. Not while any of
/// `all` is being restarted for the same reason; a node that takes longer than a start may take to serve
/// again no longer blocks the others. A report that is ignored comes again with the next failed probes.
[[nodiscard]] bool may_probe_restart(const Node& node, std::uint64_t generation,
                                     std::span<const Node* const> all, const Policy& policy, Nanoseconds now);

}  // namespace sutra::supervisor::core
