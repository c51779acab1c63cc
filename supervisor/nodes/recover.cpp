// Starting is recovering: what the ledger says was intended meets what the kernel says still runs.
// Supervisor.
#include <algorithm>

#include "common/log/logging.h"
#include "supervisor/nodes/entry.h"

namespace sutra::supervisor {
Status Nodes::recover(const NodeRecords& recorded) {
  // All are looked for before anything is done about one: to take a process for dead that could not be looked
  // at would be to kill it.
  std::map<std::string, std::unique_ptr<ServerProcess>> processes;
  for (const auto& [id, each] : recorded) {
    if (!each.facts || each.facts->process.pid == 0) continue;
    auto found = parts_.platform.find(each.facts->process);
    if (!found) return found.error();
    processes[id] = std::move(found).value();
  }
  for (const auto& leaf : parts_.platform.leaves()) {
    const auto known = recorded.find(leaf.node_id);
    const bool ours =
        known != recorded.end() && known->second.facts && known->second.facts->generation == leaf.generation;
    if (leaf.populated && !ours) {
      unmanaged_.push_back(leaf);
      log::warning("processes run in cgroup " + parts_.platform.tree_path(leaf.node_id, leaf.generation) +
                       " that no record knows; they are left alone",
                   {{"node_id", leaf.node_id}, {"generation", leaf.generation}});
    }
  }
  std::vector<NodeTrees::Leaf> keep = unmanaged_;
  for (const auto& [id, each] : recorded) {
    if (each.facts) keep.push_back({id, each.facts->generation, true});
  }
  parts_.platform.remove_empty_leaves(keep);
  for (const auto& [id, each] : recorded) {
    if (free_rows_.empty()) {
      log::error("recover node " + id + ": the node table is full; raise agent.max_storage_nodes",
                 {{"node_id", id}});
      continue;
    }
    adopt(id, each, std::move(processes[id]));
  }
  return {};
}

std::uint64_t Nodes::unmanaged_generation(const NodeId& node_id) const {
  std::uint64_t highest = 0;
  for (const NodeTrees::Leaf& leaf : unmanaged_) {
    if (leaf.node_id == node_id) highest = std::max(highest, leaf.generation);
  }
  return highest;
}

core::KernelView Nodes::look_at(const NodeId& node_id, const Facts& facts, const ServerProcess* process) {
  core::KernelView kernel;
  if (process != nullptr) kernel.process = process->ended() ? core::Seen::kEnded : core::Seen::kAlive;
  if (facts.started_at_unix == 0) kernel.executed = parts_.platform.executed(node_id, facts.generation);
  if (kernel.process != core::Seen::kAlive || kernel.executed == false) {
    kernel.tree_populated = parts_.platform.adopt_tree(node_id, facts.generation, nullptr)->populated();
  }
  return kernel;
}

/// A recorded node becomes what it was when its last record was made; its first event, Recovered, tells it
/// what is still true.
void Nodes::adopt(const NodeId& node_id, const NodeRecord& recorded, std::unique_ptr<ServerProcess> process) {
  Entry& entry = make_entry(node_id);
  core::KernelView kernel;
  if (recorded.facts) kernel = look_at(node_id, *recorded.facts, process.get());
  core::RecoveredNode recovery =
      parts_.decide.recover(recorded.intent, recorded.facts, unmanaged_generation(node_id), kernel, policy_,
                            parts_.platform.timers().now().boot);
  entry.node = std::move(recovery.node);
  entry.intent_saved = recorded.intent_saved;
  // Posted before the process can post its own end, so that they arrive in this order.
  posted_.push_back({node_id, entry.incarnation, recovery.event, std::nullopt});
  switch (recovery.watch) {
    case core::ToWatch::kNothing:
      if (recorded.facts) (void)parts_.platform.adopt_tree(node_id, entry.node.generation, nullptr)->remove();
      break;
    case core::ToWatch::kProcess: {
      const ProcessIdentity& identity = recorded.facts->process;
      if (kernel.process == core::Seen::kAlive) {
        log::info("", "adopted node " + node_id + " (pid " + std::to_string(identity.pid) + ")",
                  {{"node_id", node_id}, {"pid", identity.pid}});
      }
      entry.process = process_of(node_id, entry.node.generation);
      entry.process->adopt(identity, std::move(process));
      break;
    }
    case core::ToWatch::kTree:
      entry.process = process_of(node_id, entry.node.generation);
      entry.process->adopt_leftovers();
      break;
  }
  drain();
}

}  // namespace sutra::supervisor
