// One node as Nodes keeps it: the pure node and what the loop holds for it. Only for nodes/*.cpp. Supervisor.
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
  std::unique_ptr<NodeProcess> process;  ///< none in backoff, occupied and failed
  WatchHandle timer;
  bool intent_saved = true;  ///< false: it is in memory only and is written again from time to time
  std::uint32_t row = 0;
  std::uint64_t incarnation = 0;              ///< tells this entry from a later one of the same name
  off_t log_from = 0;                         ///< size of its log when the current process was spawned
  std::array<std::vector<Reply>, 3> waiting;  ///< by core::Waiter

  [[nodiscard]] const NodeId& id() const { return node.intent.node_id; }
  [[nodiscard]] std::vector<Reply>& waiters(core::Waiter waiter) {
    return waiting[static_cast<std::size_t>(waiter)];
  }
};

}  // namespace sutra::supervisor
