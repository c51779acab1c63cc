// One node as Nodes stores it: the node of the state machine, and its process, timer and waiting requests.
// Private to nodes/*.cpp. Supervisor.
#pragma once
#include <sys/types.h>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "supervisor/nodes/nodes.h"

namespace sutra::supervisor {

struct Nodes::Entry {
  core::Node node;
  std::unique_ptr<NodeProcess> process;  ///< null in the states backoff, occupied and failed
  WatchHandle timer;
  bool intent_saved =
      true;               ///< false: the write failed, the intent is in memory only; housekeeping retries it
  std::uint32_t row = 0;  ///< index in the node table
  std::uint64_t incarnation = 0;  ///< differs for a later entry with the same node_id
  off_t log_from = 0;             ///< size of its log in bytes when the current process was launched
  std::array<std::vector<Reply>, 3> waiting;  ///< indexed by core::Waiter

  [[nodiscard]] const NodeId& id() const { return node.intent.node_id; }
  [[nodiscard]] std::vector<Reply>& waiters(core::Waiter waiter) {
    return waiting[static_cast<std::size_t>(waiter)];
  }
};

}  // namespace sutra::supervisor
