// Starting is recovering: what the ledger says was intended meets what the kernel says still runs.
// Supervisor.
#include <poll.h>

#include <algorithm>

#include "common/logging.h"
#include "supervisor/clock.h"
#include "supervisor/nodes_entry.h"

namespace sutra::supervisor {
namespace {

constexpr int kLauncherLeavesWithinMs = 20;

/// True for a launcher whose gate closed when its supervisor died, so that it ends without having started
/// anything. It needs a moment for that, and stays visible until its new parent reaps it.
bool was_launcher(const UniqueFd& pidfd) {
  pollfd ended{pidfd.get(), POLLIN, 0};
  if (poll(&ended, 1, kLauncherLeavesWithinMs) != 1) return false;
  const auto end = peek_exit(pidfd);
  if (!end) return false;
  const core::Exit& exit = end->exit;
  return exit.cause == core::ExitCause::kUnknown ||
         (exit.cause == core::ExitCause::kExit &&
          (exit.code == launch::kExitGateClosed || exit.code == launch::kExitFailed));
}

}  // namespace

Status Nodes::recover(const std::map<std::string, Recorded>& recorded) {
  // All are looked for before anything is done about one: to take a process for dead that could not be looked
  // at would be to kill it.
  std::map<std::string, std::optional<UniqueFd>> processes;
  for (const auto& [id, each] : recorded) {
    if (!each.facts || each.facts->process.pid == 0) continue;
    auto found = find_process(each.facts->process);
    if (!found) return found.error();
    processes[id] = std::move(found).value();
  }
  for (const auto& leaf : parts_.forest.leaves()) {
    const auto known = recorded.find(leaf.node_id);
    const bool ours =
        known != recorded.end() && known->second.facts && known->second.facts->generation == leaf.generation;
    if (leaf.populated && !ours) {
      unmanaged_.push_back(leaf);
      log::warning("processes run in cgroup " + parts_.forest.path() + "/" + leaf.node_id + "." +
                       std::to_string(leaf.generation) + " that no record knows; they are left alone",
                   {{"node_id", leaf.node_id}, {"generation", leaf.generation}});
    }
  }
  std::vector<NodeForest::Leaf> keep = unmanaged_;
  for (const auto& [id, each] : recorded) {
    if (each.facts) keep.push_back({id, each.facts->generation, true});
  }
  parts_.forest.sweep(keep);
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

/// A recorded node becomes what it was when its last record was made; Recovered tells it what is still true.
void Nodes::adopt(const std::string& node_id, const Recorded& recorded, std::optional<UniqueFd> pidfd) {
  Entry& entry = make_entry(node_id);
  core::Node& node = entry.node;
  node.intent = recorded.intent;
  node.state = core::State::kBackoff;
  if (!recorded.facts) {
    for (const auto& leaf : unmanaged_) {
      if (leaf.node_id == node_id) node.generation = std::max(node.generation, leaf.generation);
    }
    post(node_id, core::Recovered{false, false});
    return;
  }
  const Facts& facts = *recorded.facts;
  node.state = facts.state;
  node.generation = facts.generation;
  node.started_at_unix = facts.started_at_unix;
  node.history = facts.history;
  node.last_exit = facts.last_exit;
  // Facts may outlive a boot where runtime_dir is on a disk, and CLOCK_BOOTTIME begins anew: no time lies
  // ahead of what this boot could have produced.
  const core::Nanoseconds at = now().boot;
  node.since = std::min(core::Nanoseconds(facts.since_boot_ns), at);
  std::erase_if(node.history.failures, [at](core::Nanoseconds failure) { return failure > at; });
  if (facts.retry_due_boot_ns != 0) {
    const core::Nanoseconds due(facts.retry_due_boot_ns);
    node.timer = core::Timer{core::TimerKind::kRetry, 0, std::min(due, at + policy_.backoff_max * 6 / 5)};
  }
  entry.process =
      std::make_unique<NodeProcess>(parts_.loop, parts_.forest, node_id, facts.generation,
                                    [this, id = node_id](core::Event event) { post(id, std::move(event)); });
  const bool at_gate = facts.state == core::State::kStarting && facts.started_at_unix == 0;
  const bool never_executed = at_gate && (!pidfd || was_launcher(*pidfd));
  if (facts.process.pid != 0 && !never_executed) {
    if (pidfd) {
      log::info("", "adopted node " + node_id + " (pid " + std::to_string(facts.process.pid) + ")",
                {{"node_id", node_id}, {"pid", facts.process.pid}});
    }
    // Posted before the process can post its own end, so that they arrive in this order.
    const std::uint64_t incarnation = entry.incarnation;
    posted_.push_back({node_id, incarnation, core::Recovered{true, false}, std::nullopt});
    entry.process->adopt(facts.process, std::move(pidfd));
    drain();
    return;
  }
  const auto tree = parts_.forest.adopt(node_id, facts.generation, nullptr, 0);
  const bool leftovers = tree && tree->populated();
  if (leftovers) {
    posted_.push_back({node_id, entry.incarnation, core::Recovered{false, true}, std::nullopt});
    entry.process->adopt_leftovers();
    drain();
  } else {
    if (tree) (void)tree->remove();
    entry.process.reset();
    post(node_id, core::Recovered{false, false});
  }
}

}  // namespace sutra::supervisor
