#include "supervisor/nodes/nodes.h"

#include <sys/random.h>

#include <algorithm>
#include <variant>

#include "supervisor/host/clock.h"
#include "supervisor/host/directories.h"
#include "supervisor/host/lock_holder.h"
#include "supervisor/nodes/entry.h"

namespace sutra::supervisor {
namespace {

core::Policy policy_of(const Config& config) {
  core::Policy policy;
  policy.restart_failed_nodes = config.monitoring.restart_failed_nodes;
  policy.readiness_by_probe = config.storage.readiness == Readiness::kTcp;
  policy.max_restarts = config.monitoring.max_restarts;
  policy.restart_window = config.monitoring.restart_window;
  policy.backoff_initial = config.monitoring.backoff_initial;
  policy.backoff_max = config.monitoring.backoff_max;
  policy.stable_after = config.monitoring.stable_after;
  policy.ready_timeout = config.storage.ready_timeout;
  policy.stop_grace = config.storage.stop_grace;
  return policy;
}

std::uint32_t entropy() {
  std::uint32_t value = 0;
  // Only jitter hangs on it; an early boot without entropy must not block us.
  if (getrandom(&value, sizeof value, GRND_NONBLOCK) != sizeof value) value = 200;
  return value;
}

}  // namespace

Nodes::Nodes(Parts parts, std::function<void(std::uint32_t)> row_changed, std::function<void()> emptied)
    : parts_(parts),
      policy_(policy_of(parts.config)),
      row_changed_(std::move(row_changed)),
      emptied_(std::move(emptied)) {
  for (std::uint32_t row = parts_.table.capacity(); row > 0; --row) free_rows_.push_back(row - 1);
}

Nodes::~Nodes() = default;

core::Context Nodes::context() const { return {policy_, now(), entropy(), comms_alive_since_}; }

Nodes::Entry* Nodes::find(const NodeId& node_id) {
  const auto at = entries_.find(node_id);
  return at == entries_.end() ? nullptr : at->second.get();
}

Nodes::Entry& Nodes::make_entry(const NodeId& node_id) {
  auto entry = std::make_unique<Entry>();
  entry->incarnation = next_incarnation_++;
  entry->row = free_rows_.back();
  free_rows_.pop_back();
  return *(entries_[node_id] = std::move(entry));
}

void Nodes::remove(const NodeId& node_id) {
  Entry* entry = find(node_id);
  if (entry == nullptr) return;
  parts_.table.clear(entry->row);
  row_changed_(entry->row);
  free_rows_.push_back(entry->row);
  if (entry->process) retired_.push_back(std::move(entry->process));
  entries_.erase(node_id);
  if (entries_.empty()) emptied_();
}

bool Nodes::launching() const {
  return std::any_of(entries_.begin(), entries_.end(), [](const auto& each) {
    return each.second->process && each.second->process->launching();
  });
}

bool Nodes::owns_pid(pid_t pid) const {
  return std::any_of(entries_.begin(), entries_.end(), [pid](const auto& each) {
    return each.second->process && each.second->process->identity().pid == pid;
  });
}

std::vector<std::string> Nodes::names() const {
  std::vector<std::string> all;
  for (const auto& [id, entry] : entries_) all.push_back(id);
  return all;
}

// ---- events in; their effects: nodes_effects.cpp

void Nodes::post(const NodeId& node_id, core::Event event, std::optional<core::Waiter> requester) {
  const Entry* entry = find(node_id);
  if (entry == nullptr) return;  // a late report about a node that is gone
  posted_.push_back({node_id, entry->incarnation, std::move(event), requester});
  drain();
}

/// Steps never nest: what a step's effects cause is posted, and taken when the step is done.
void Nodes::drain() {
  if (draining_) return;
  draining_ = true;
  while (!posted_.empty()) {
    const Posted next = std::move(posted_.front());
    posted_.pop_front();
    Entry* entry = find(next.node_id);
    if (entry != nullptr && entry->incarnation == next.incarnation) apply(*entry, next.event, next.requester);
  }
  draining_ = false;
  retired_.clear();
}

void Nodes::apply(Entry& entry, core::Event event, std::optional<core::Waiter> requester) {
  if (auto* failed = std::get_if<core::LaunchFailed>(&event)) name_holder(entry, *failed);
  execute(entry, core::step(entry.node, event, context()), requester);
}

/// An operator can only act on a held lock when he knows who holds it.
void Nodes::name_holder(const Entry& entry, core::LaunchFailed& failed) const {
  if (!failed.locked) return;
  const core::Placement& placement = entry.node.intent.placement;
  const auto directory = open_data_directory(placement.root, placement.storage_path,
                                             {parts_.storage_account.uid, parts_.storage_account.gid});
  const std::string holder = directory ? lock_holder(directory.value()) : std::string();
  if (!holder.empty()) failed.reason += " (" + holder + ")";
}

}  // namespace sutra::supervisor
