// The node's state machine: the one place that decides what happens to a node. Pure.
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
  /// Since when comms is alive and pings; nothing while it is not. The readiness time-out runs only while
  /// comms could have seen the node serve.
  std::optional<Nanoseconds> comms_alive_since;
};

struct Transition {
  Node node;
  std::vector<Effect> effects;
};

/// What may be left of earlier nodes with the same node_id: a record that could not be removed, processes
/// without a record. The new node gets a higher revision and generation, so that it is never taken for them.
struct Predecessor {
  std::uint64_t generation = 0;  ///< the highest that is known
  std::uint64_t revision = 0;    ///< of the last intent
};

/// The first step of a node that was just admitted.
[[nodiscard]] Transition start_new(Intent intent, const Predecessor& last, const Context& context);

[[nodiscard]] Transition step(Node node, const Event& event, const Context& context);

}  // namespace sutra::supervisor::core
