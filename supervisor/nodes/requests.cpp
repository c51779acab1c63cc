// Requests about nodes from operators, the Master and comms: checks them, and turns them into events of the
// state machine. Supervisor.
#include <algorithm>
#include <variant>

#include "common/log/logging.h"
#include "supervisor/core/admission.h"
#include "supervisor/nodes/entry.h"

namespace sutra::supervisor {
namespace {

constexpr std::size_t kMaxWaiters = 128;

core::AdmissionPolicy admission_policy(const Config& config) {
  core::AdmissionPolicy policy;
  policy.data_path = config.storage.data_path;
  policy.allowed_storage_roots = config.storage.allowed_storage_roots;
  policy.ignore_outside = config.storage.outside_storage_path == OutsidePath::kIgnore;
  policy.placeholder_paths = config.storage.placeholder_storage_paths;
  policy.default_memory_mb = config.storage.default_memory_mb;
  policy.range_start = config.storage.default_port_range_start;
  policy.range_size = config.storage.port_range_size;
  policy.max_storage_nodes = config.agent.max_storage_nodes;
  policy.own_ports.emplace_back(config.agent.agent_port, "the agent's own server (agent.agent_port)");
  if (config.metrics.listen)
    policy.own_ports.emplace_back(config.metrics.listen->port, "the agent's metrics");
  return policy;
}

}  // namespace

Result<core::Intent> Nodes::admit(const NodeId& node_id, const core::Request& request) {
  std::vector<core::KnownNode> known;
  for (const auto& [id, entry] : entries_) {
    known.push_back(
        {id, entry->node.intent.request, entry->node.intent.placement, entry->node.state, entry->node.goal});
  }
  const auto taken = parts_.platform.listeners();
  if (!taken) return taken.error();
  const auto verdict = core::admit(node_id, request, admission_policy(parts_.config), known, taken.value());
  if (const auto* refusal = std::get_if<core::Refusal>(&verdict)) {
    return make_error("start node", node_id, refusal->text);
  }
  const auto& admitted = std::get<core::Admitted>(verdict);
  if (free_rows_.empty()) return make_error("start node", node_id, "the node table is full");
  const Status usable = parts_.platform.check_directory(admitted.placement);
  if (!usable) return make_error("start node", node_id, usable.error().message());
  if (!admitted.note.empty()) log::info("", admitted.note, {{"node_id", node_id}});
  if (!admitted.warning.empty()) log::warning(admitted.warning, {{"node_id", node_id}});
  core::Intent intent;
  intent.node_id = node_id;
  intent.request = request;
  intent.placement = admitted.placement;
  return intent;
}

void Nodes::start(const NodeId& node_id, const core::Request& request, Reply reply) {
  const auto refuse_with = [&](const std::string& text) {
    log::info("", text, {{"node_id", node_id}});
    reply({false, text, 0, 0});
  };
  if (shutting_down_) return refuse_with("start node " + node_id + ": the agent is stopping");
  if (Entry* entry = find(node_id)) {
    if (const std::string differs = core::difference(entry->node.intent.request, request);
        !differs.empty() &&
        !(entry->node.state == core::State::kStopping && entry->node.goal != core::Goal::kRunning)) {
      return refuse_with("start node " + node_id + ": it exists with another request (" + differs +
                         "); stop it first, or send the same request");
    }
    wait_for(*entry, core::Waiter::kStart, std::move(reply));
    post(node_id, core::StartRequested{request}, core::Waiter::kStart);
    return;
  }
  auto intent = admit(node_id, request);
  if (!intent) return refuse_with(intent.error().message());
  // A new node of a known id must get a higher generation than every process that may still run under that
  // id.
  core::Predecessor last;
  if (const auto found = unforgotten_.find(node_id); found != unforgotten_.end()) last = found->second;
  last.generation = std::max(last.generation, unmanaged_generation(node_id));
  auto first = parts_.decide.start_new(std::move(intent).value(), last, context());
  Entry& entry = make_entry(node_id);
  entry.node.state =
      core::State::kGone;  // execute() goes back to this state when the intent cannot be written
  entry.node.intent.node_id = node_id;
  entry.waiters(core::Waiter::kStart).push_back(std::move(reply));
  draining_ = true;  // as in drain(): events that this step causes must wait until it has ended
  execute(entry, std::move(first), core::Waiter::kStart);
  draining_ = false;
  drain();
}

/// Limits the memory for waiting requests: clients may ask again and again, or may have disconnected. Above
/// the limit the oldest request is answered with an error.
void Nodes::wait_for(Entry& entry, core::Waiter waiter, Reply reply) {
  auto& waiting = entry.waiters(waiter);
  if (waiting.size() >= kMaxWaiters) {
    waiting.front()(
        {false, "node " + entry.id() + ": too many requests wait for it; ask for its status instead", 0, 0});
    waiting.erase(waiting.begin());
  }
  waiting.push_back(std::move(reply));
}

void Nodes::stop(const NodeId& node_id, Reply reply) {
  Entry* entry = find(node_id);
  if (entry == nullptr) {
    reply({false, "stop node " + node_id + ": no node has this id; see the list of nodes", 0, 0});
    return;
  }
  wait_for(*entry, core::Waiter::kStop, std::move(reply));
  post(node_id, core::StopRequested{}, core::Waiter::kStop);
}

void Nodes::restart(const NodeId& node_id, Reply reply) {
  Entry* entry = find(node_id);
  if (entry == nullptr || shutting_down_) {
    reply({false,
           "restart node " + node_id +
               (shutting_down_ ? ": the agent is stopping" : ": no node has this id; see the list of nodes"),
           0, 0});
    return;
  }
  wait_for(*entry, core::Waiter::kRestart, std::move(reply));
  post(node_id, core::RestartRequested{}, core::Waiter::kRestart);
}

void Nodes::shut_down() {
  shutting_down_ = true;
  forget_emptied_leaves();
  // A copy of the ids: post() can remove entries.
  std::vector<NodeId> all;
  for (const auto& [id, entry] : entries_) all.push_back(id);
  for (const NodeId& id : all) post(id, core::ShutdownRequested{});
  if (entries_.empty()) emptied_();
}

void Nodes::node_ready(const NodeId& node_id, std::uint64_t generation) {
  post(node_id, core::Ready{generation});
}

void Nodes::node_unresponsive(const NodeId& node_id, std::uint64_t generation, const std::string& reason) {
  const Entry* entry = find(node_id);
  if (entry == nullptr || shutting_down_) return;
  std::vector<const core::Node*> all;
  for (const auto& [id, each] : entries_) all.push_back(&each->node);
  if (!parts_.decide.may_probe_restart(entry->node, generation, all, policy_,
                                       parts_.platform.timers().now().boot))
    return;
  log::warning("node " + node_id + " does not answer (" + reason + "); it is restarted",
               {{"node_id", node_id}, {"reason", reason}});
  post(node_id, core::Unresponsive{generation, reason});
}

}  // namespace sutra::supervisor
