// The node's state machine: the one place where it is decided what happens to a node. Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "supervisor/core/event.h"
#include "supervisor/core/node.h"

namespace sutra::supervisor::core {

/// Everything a decision may depend on besides the node.
struct Context {
  Policy policy;
  Moment now;
  std::uint32_t entropy = 0;  ///< for jitter
  /// Since when comms is alive and pings; nothing while it is not. A readiness time-out needs a living
  /// witness.
  std::optional<Nanoseconds> witness_since;
};

struct Transition {
  Node node;
  std::vector<Effect> effects;
};

/// The first step of a node that was just admitted. `last_generation`: the highest that this node_id ever
/// had, so that generations never repeat, not even those of a node that was forgotten.
[[nodiscard]] Transition start_new(Intent intent, std::uint64_t last_generation, const Context& context);

[[nodiscard]] Transition step(Node node, const Event& event, const Context& context);

}  // namespace sutra::supervisor::core
