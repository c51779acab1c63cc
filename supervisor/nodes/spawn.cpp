// Starting a node's process and keeping its records. The process is recorded before its gate opens: there is
// never a server that the ledger does not know. Supervisor.
#include <algorithm>
#include <utility>

#include "common/log/logging.h"
#include "supervisor/nodes/entry.h"

namespace sutra::supervisor {
namespace {

constexpr std::size_t kMaxUnrecorded = 4096;  // events; a disk that stays full must not fill our memory

}  // namespace

/// What nobody knew is nobody's once it is empty.
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

Status Nodes::save_facts(Entry& entry) {
  Facts facts;
  facts.intent = entry.node.intent;
  facts.state = entry.node.state;
  if (entry.process && entry.node.leader != core::Leader::kNone) facts.process = entry.process->identity();
  facts.generation = entry.node.generation;
  facts.started_at_unix = entry.node.started_at_unix;
  facts.since_boot_ns = static_cast<std::uint64_t>(entry.node.since.count());
  if (entry.node.timer && entry.node.timer->kind == core::TimerKind::kRetry) {
    facts.retry_due_boot_ns = static_cast<std::uint64_t>(entry.node.timer->due.count());
  }
  facts.history = entry.node.history;
  facts.last_exit = entry.node.last_exit;
  const Status written = parts_.ledger.write_facts(facts);
  if (!written && !facts_failed_) {
    log::error("record node " + entry.id() + ": " + written.error().message() +
                   "; nodes go on running, but if the supervisor dies now their deaths and restarts are not "
                   "accounted for",
               {{"node_id", entry.id()}});
  }
  facts_failed_ = !written;
  return written;
}

Status Nodes::keep_records() {
  for (const auto& [id, entry] : entries_) {
    const Ledger::Present present = parts_.ledger.present(id);
    if (!present.intent || !entry->intent_saved) {
      if (Status written = parts_.ledger.write_intent(entry->node.intent); !written) return written;
      entry->intent_saved = true;
    }
    if (!present.facts) {
      if (Status written = save_facts(*entry); !written) return written;
    }
  }
  return {};
}

void Nodes::record(const NodeId& node_id, std::uint64_t generation, const std::string& what,
                   const std::string& cause, std::optional<core::Exit> exit) {
  unrecorded_.push_back({parts_.platform.timers().now().unix_secs, node_id, generation, what, cause, exit});
  record_all();
}

/// What could not be written down waits for a better moment, in its order.
void Nodes::record_all() {
  while (!unrecorded_.empty()) {
    const Status appended = parts_.ledger.append(unrecorded_.front());
    if (!appended) {
      if (!events_failed_) {
        log::error("record event: " + appended.error().message() + "; it is tried again",
                   {{"node_id", unrecorded_.front().node_id}});
      }
      events_failed_ = true;
      if (unrecorded_.size() > kMaxUnrecorded) unrecorded_.pop_front();
      return;
    }
    events_failed_ = false;
    unrecorded_.pop_front();
  }
}

}  // namespace sutra::supervisor
