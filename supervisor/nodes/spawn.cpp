// Starts a node's process. The process is recorded before its gate opens, so the ledger knows each server
// that runs. Supervisor.
#include <algorithm>
#include <utility>

#include "common/log/logging.h"
#include "supervisor/nodes/entry.h"

namespace sutra::supervisor {

/// Removes the trees of unmanaged processes that have ended; their node_ids can then be started again.
void Nodes::forget_emptied_leaves() {
  std::erase_if(unmanaged_, [this](const NodeTrees::Leaf& leaf) {
    const auto tree = parts_.platform.adopt_tree(leaf.node_id, leaf.generation, nullptr);
    return !tree->populated() && tree->remove();
  });
}

std::string Nodes::unmanaged_holder(const NodeId& node_id) {
  if (unmanaged_.empty()) return {};
  forget_emptied_leaves();
  const auto held = std::find_if(unmanaged_.begin(), unmanaged_.end(),
                                 [&](const NodeTrees::Leaf& leaf) { return leaf.node_id == node_id; });
  if (held == unmanaged_.end()) return {};
  return "processes of an earlier start still run in cgroup " +
         parts_.platform.tree_path(node_id, held->generation) +
         " and no record says whether they are the node; end them to let it start";
}

std::unique_ptr<NodeProcess> Nodes::process_of(const NodeId& node_id, std::uint64_t generation) {
  return std::make_unique<NodeProcess>(
      parts_.platform, node_id, generation,
      [this, id = node_id](core::Event event) { post(id, std::move(event)); });
}

Status Nodes::try_spawn(Entry& entry) {
  // The old one goes first: spawn() takes a process that is there after a failure for one that reports by
  // itself.
  retire(entry);
  entry.log_from = parts_.platform.output_size(entry.id());
  auto process = process_of(entry.id(), entry.node.generation);
  if (const Status launched = process->launch(entry.node); !launched) return launched;
  entry.process = std::move(process);
  (void)save_facts(entry);  // before the gate opens
  return entry.process->open();
}

void Nodes::spawn(Entry& entry) {
  const std::uint64_t generation = entry.node.generation;
  if (const std::string holder = unmanaged_holder(entry.id()); !holder.empty()) {
    post(entry.id(), core::LaunchFailed{generation, true, holder});
    return;
  }
  const Status spawned = try_spawn(entry);
  // With a process, its own report tells what became of it.
  if (!spawned && !entry.process)
    post(entry.id(), core::LaunchFailed{generation, false, spawned.error().message()});
}

}  // namespace sutra::supervisor
