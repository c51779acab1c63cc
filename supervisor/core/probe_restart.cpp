#include "supervisor/core/probe_restart.h"

#include <algorithm>

namespace sutra::supervisor::core {

bool may_probe_restart(const Node& node, std::uint64_t generation, std::span<const Node* const> all,
                       const Policy& policy, Nanoseconds now) {
  if (!policy.readiness_by_probe || node.state != State::kRunning || node.generation != generation)
    return false;
  return std::none_of(all.begin(), all.end(), [&](const Node* other) {
    const bool hangs = other->state == State::kStarting && now - other->since > policy.ready_timeout;
    return other->probe_restart && !hangs;
  });
}

}  // namespace sutra::supervisor::core
