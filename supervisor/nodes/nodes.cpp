#include "supervisor/nodes/nodes.h"

#include <algorithm>
#include <variant>

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

}  // namespace

Nodes::Nodes(Parts parts, std::function<void(std::uint32_t)> row_changed, std::function<void()> emptied)
    : parts_(std::move(parts)),
      policy_(policy_of(parts_.config)),
      row_changed_(std::move(row_changed)),
      emptied_(std::move(emptied)) {
  for (std::uint32_t row = parts_.table.capacity(); row > 0; --row) free_rows_.push_back(row - 1);
}

Nodes::~Nodes() = default;

core::Context Nodes::context() const {
  return {policy_, parts_.platform.timers().now(), parts_.platform.entropy(), comms_alive_since_};
}

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
  retire(*entry);
  entries_.erase(node_id);
  if (entries_.empty()) emptied_();
}

/// It may be the one whose report is being carried out, so it is destroyed in a later turn of the loop.
void Nodes::retire(Entry& entry) {
  if (!entry.process) return;
  retired_.push_back(std::move(entry.process));
  if (!retiring_) {
    retiring_ = parts_.platform.timers().after(core::Nanoseconds{0}, [this] {
      retired_.clear();
      retiring_.reset();
    });
  }
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

const core::Node* Nodes::node(const std::string& node_id) const {
  const auto at = entries_.find(node_id);
  return at == entries_.end() ? nullptr : &at->second->node;
}

std::vector<std::string> Nodes::names() const {
  std::vector<std::string> all;
  for (const auto& [id, entry] : entries_) all.push_back(id);
  return all;
}

// ---- events in; their effects: effects.cpp

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
}

void Nodes::apply(Entry& entry, core::Event event, std::optional<core::Waiter> requester) {
  if (auto* failed = std::get_if<core::LaunchFailed>(&event); failed != nullptr && failed->locked) {
    // An operator can act on a held lock only when he knows who holds it.
    const std::string holder = parts_.platform.lock_holder(entry.node.intent.placement);
    if (!holder.empty()) failed->reason += " (" + holder + ")";
  }
  execute(entry, parts_.decide.step(entry.node, event, context()), requester);
}

}  // namespace sutra::supervisor
