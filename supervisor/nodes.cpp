#include "supervisor/nodes.h"

#include <sys/random.h>

#include <algorithm>
#include <ctime>
#include <span>
#include <variant>

#include "common/logging.h"
#include "common/node_id.h"
#include "common/overload.h"
#include "supervisor/clock.h"
#include "supervisor/core/admission.h"
#include "supervisor/core/probe_restart.h"
#include "supervisor/directories.h"
#include "supervisor/exec_mark.h"
#include "supervisor/listeners.h"
#include "supervisor/node_row.h"
#include "supervisor/nodes_entry.h"

namespace sutra::supervisor {
namespace {

constexpr std::size_t kMaxWaiters = 128;

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

core::AdmissionPolicy admission_policy(const Config& config) {
  core::AdmissionPolicy policy;
  policy.data_path = config.storage.data_path;
  policy.allowed_storage_roots = config.storage.allowed_storage_roots;
  policy.ignore_outside = config.storage.outside_storage_path == OutsidePath::kIgnore;
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

Nodes::Nodes(Parts parts, std::function<void(std::uint32_t)> row_changed, std::function<void()> emptied)
    : parts_(parts),
      policy_(policy_of(parts.config)),
      row_changed_(std::move(row_changed)),
      emptied_(std::move(emptied)) {
  for (std::uint32_t row = parts_.table.capacity(); row > 0; --row) free_rows_.push_back(row - 1);
}

Nodes::~Nodes() = default;

core::Context Nodes::context() const { return {policy_, now(), entropy(), witness_since_}; }

Nodes::Entry* Nodes::find(const std::string& node_id) {
  const auto at = entries_.find(node_id);
  return at == entries_.end() ? nullptr : at->second.get();
}

Nodes::Entry& Nodes::make_entry(const std::string& node_id) {
  auto entry = std::make_unique<Entry>();
  entry->incarnation = next_incarnation_++;
  entry->row = free_rows_.back();
  free_rows_.pop_back();
  return *(entries_[node_id] = std::move(entry));
}

void Nodes::remove(const std::string& node_id) {
  Entry* entry = find(node_id);
  if (entry == nullptr) return;
  parts_.table.clear(entry->row);
  row_changed_(entry->row);
  free_rows_.push_back(entry->row);
  if (entry->process) retired_.push_back(std::move(entry->process));
  entries_.erase(node_id);
  if (entries_.empty()) emptied_();
}

// ---- requests

Result<core::Intent> Nodes::admit(const std::string& node_id, const core::Request& request) {
  std::vector<core::KnownNode> known;
  for (const auto& [id, entry] : entries_) {
    known.push_back(
        {id, entry->node.intent.request, entry->node.intent.placement, entry->node.state, entry->node.goal});
  }
  if (const auto fault = node_id_fault(node_id)) return make_error("start node", {}, *fault);
  auto listeners = tcp_listeners();
  if (!listeners) return listeners.error();
  std::vector<core::Taken> taken;
  for (const auto& l : listeners.value()) taken.push_back({l.address, l.port, l.uid});
  const auto verdict = core::admit(node_id, request, admission_policy(parts_.config), known, taken);
  if (const auto* refusal = std::get_if<core::Refusal>(&verdict)) {
    return make_error("start node", printable(node_id), refusal->text);
  }
  const auto& admitted = std::get<core::Admitted>(verdict);
  if (free_rows_.empty()) return make_error("start node", node_id, "the node table is full");
  const Owner owner{parts_.storage_account.uid, parts_.storage_account.gid};
  const Status usable = check_data_directory(admitted.placement.root, admitted.placement.storage_path, owner);
  if (!usable) return make_error("start node", node_id, usable.error().message());
  if (!admitted.note.empty()) log::warning(admitted.note, {{"node_id", node_id}});
  core::Intent intent;
  intent.node_id = node_id;
  intent.request = request;
  intent.placement = admitted.placement;
  return intent;
}

void Nodes::start(const std::string& node_id, const core::Request& request, Reply reply) {
  const auto refuse_with = [&](const std::string& text) {
    log::info("", text, {{"node_id", printable(node_id)}});
    reply({false, text, 0, 0});
  };
  if (shutting_down_) return refuse_with("start node " + printable(node_id) + ": the agent is stopping");
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
  std::uint64_t last_generation = 0;
  if (const auto last = unforgotten_.find(node_id); last != unforgotten_.end()) {
    last_generation = last->second.generation;
    intent.value().revision = last->second.intent.revision;
  }
  for (const auto& leaf : unmanaged_) {
    if (leaf.node_id == node_id) last_generation = std::max(last_generation, leaf.generation);
  }
  auto first = core::start_new(std::move(intent).value(), last_generation, context());
  Entry& entry = make_entry(node_id);
  entry.node.state = core::State::kGone;  // until the intent is on disk there is no node
  entry.node.intent.node_id = node_id;
  entry.waiters(core::Waiter::kStart).push_back(std::move(reply));
  draining_ = true;  // what the first step causes is taken when that step is done, as in drain()
  execute(entry, std::move(first), core::Waiter::kStart);
  draining_ = false;
  drain();
}

/// Whoever asks without end, or hung up long ago, cannot make us remember without end: the oldest goes.
void Nodes::wait_for(Entry& entry, core::Waiter waiter, Reply reply) {
  auto& waiting = entry.waiters(waiter);
  if (waiting.size() >= kMaxWaiters) {
    waiting.front()(
        {false, "node " + entry.id() + ": too many requests wait for it; ask for its status instead", 0, 0});
    waiting.erase(waiting.begin());
  }
  waiting.push_back(std::move(reply));
}

void Nodes::stop(const std::string& node_id, Reply reply) {
  Entry* entry = find(node_id);
  if (entry == nullptr) {
    reply({false, "stop node " + printable(node_id) + ": no node has this id; see the list of nodes", 0, 0});
    return;
  }
  wait_for(*entry, core::Waiter::kStop, std::move(reply));
  post(node_id, core::StopRequested{}, core::Waiter::kStop);
}

void Nodes::restart(const std::string& node_id, Reply reply) {
  Entry* entry = find(node_id);
  if (entry == nullptr || shutting_down_) {
    reply({false,
           "restart node " + printable(node_id) +
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
  for (const std::string& id : names()) post(id, core::ShutdownRequested{});
  if (entries_.empty()) emptied_();
}

void Nodes::node_ready(const std::string& node_id, std::uint64_t generation) {
  post(node_id, core::Ready{generation});
}

void Nodes::node_unresponsive(const std::string& node_id, std::uint64_t generation,
                              const std::string& reason) {
  const Entry* entry = find(node_id);
  if (entry == nullptr || shutting_down_) return;
  std::vector<const core::Node*> all;
  for (const auto& [id, each] : entries_) all.push_back(&each->node);
  if (!core::may_probe_restart(entry->node, generation, all, policy_, now().boot)) return;
  log::warning("node " + node_id + " does not answer (" + reason + "); it is restarted",
               {{"node_id", node_id}, {"reason", reason}});
  post(node_id, core::Unresponsive{generation, reason});
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

// ---- events in, effects out

void Nodes::post(const std::string& node_id, core::Event event, std::optional<core::Waiter> requester) {
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

void Nodes::execute(Entry& entry, core::Transition transition, std::optional<core::Waiter> requester) {
  core::Node before = std::exchange(entry.node, std::move(transition.node));
  for (const auto& effect : transition.effects) {
    if (std::holds_alternative<core::CommitIntent>(effect)) {
      if (const Status written = parts_.ledger.write_intent(entry.node.intent); !written) {
        entry.node = std::move(before);
        refuse(entry, requester,
               "node " + entry.id() + ": nothing was changed: " + written.error().message());
        if (entry.node.state == core::State::kGone) remove(entry.id());
        return;
      }
      entry.intent_saved = true;
      continue;
    }
    obey(entry, effect, requester);
  }
  // Whoever is answered looks at once: the table shows the new state before the answer leaves.
  const auto due = std::exchange(due_, {});
  if (entry.node.state == core::State::kGone) {
    remove(std::string(entry.id()));
  } else {
    publish(entry);
  }
  for (const auto& [reply, outcome] : due) reply(outcome);
}

void Nodes::obey(Entry& entry, const core::Effect& effect, std::optional<core::Waiter> requester) {
  std::visit(
      Overload{
          [](const core::CommitIntent&) {},  // done by execute(), which can undo the step
          [&](const core::SaveIntent&) {
            const Status s = parts_.ledger.write_intent(entry.node.intent);
            entry.intent_saved = s.ok();
            if (!s) {
              log::error(
                  "node " + entry.id() +
                      ": its intent could not be saved and is kept in memory only: " + s.error().message(),
                  {{"node_id", entry.id()}});
            }
          },
          [&](const core::SaveFacts&) { (void)save_facts(entry); },
          [&](const core::Forget&) {
            remove_exec_mark(parts_.config.agent.runtime_dir, entry.id());
            if (const Status s = parts_.ledger.forget(entry.id()); s) {
              unforgotten_.erase(entry.id());
            } else {
              unforgotten_[entry.id()] = entry.node;
              log::error("forget node " + entry.id() + ": " + s.error().message(), {{"node_id", entry.id()}});
            }
          },
          [&](const core::RecordDeath& e) {
            const std::string text = "node " + entry.id() + " (pid " +
                                     std::to_string(entry.process ? entry.process->identity().pid : 0) +
                                     ") " + describe(e.exit);
            const std::initializer_list<log::Field> fields = {{"node_id", entry.id()},
                                                              {"generation", e.generation}};
            if (entry.node.state == core::State::kStopping) {
              log::info("", text, fields);  // as it was asked to
            } else {
              log::warning(text, fields);
            }
            record(entry, "died", describe(e.exit), e.exit);
          },
          [&](const core::RecordEvent& e) { record(entry, e.what, e.cause, std::nullopt); },
          [&](const core::Reap&) {
            if (entry.process) entry.process->reap();
          },
          [&](const core::Spawn&) { spawn(entry); },
          [&](const core::Terminate&) {
            if (entry.process) entry.process->terminate();
          },
          [&](const core::Kill&) {
            if (entry.process) entry.process->kill();
          },
          [&](const core::ArmTimer& e) { arm(entry, e); },
          [&](const core::DisarmTimer&) { entry.timer.stop(); },
          [&](const core::Answer& e) { answer(entry, e); },
          [&](const core::Refuse& e) { refuse(entry, requester, e.text); },
      },
      effect);
}

void Nodes::arm(Entry& entry, const core::ArmTimer& order) {
  const auto delay = std::chrono::ceil<std::chrono::milliseconds>(order.delay);
  entry.timer = TimerWatch(parts_.loop, delay, std::chrono::milliseconds{0},
                           [this, id = entry.id(), token = order.timer.token] {
                             // Timers come first after we were stopped ourselves: what was reported
                             // meanwhile counts.
                             const Entry* now_due = find(id);
                             if (now_due != nullptr && now_due->process) now_due->process->catch_up();
                             post(id, core::TimerFired{token});
                           });
}

void Nodes::answer(Entry& entry, const core::Answer& answer) {
  std::vector<Reply> replies;
  replies.swap(entry.waiters(answer.waiter));
  if (replies.empty()) return;
  Outcome outcome{answer.success, answer.text, 0, entry.node.intent.placement.port};
  if (entry.process && entry.node.leader == core::Leader::kAlive) {
    outcome.pid = static_cast<std::uint32_t>(entry.process->identity().pid);
  }
  if (answer.with_output) {
    const std::string lines = last_lines(parts_.config.storage.log_dir, entry.id(), entry.log_from, 10, 1200);
    if (!lines.empty()) {
      outcome.text += "; its last output:\n" + lines;
    } else if (entry.node.started_at_unix != 0) {  // what never ran had no chance to print
      outcome.text += "; it printed nothing";
    }
  }
  if (!answer.success) log::warning(outcome.text, {{"node_id", entry.id()}});
  for (Reply& reply : replies) due_.emplace_back(std::move(reply), outcome);
}

void Nodes::refuse(Entry& entry, std::optional<core::Waiter> requester, const std::string& text) {
  if (!requester || entry.waiters(*requester).empty()) return;
  const Reply reply = std::move(entry.waiters(*requester).back());
  entry.waiters(*requester).pop_back();
  reply({false, text, 0, 0});
}

void Nodes::publish(Entry& entry) {
  const std::uint32_t pid = entry.process ? static_cast<std::uint32_t>(entry.process->identity().pid) : 0;
  parts_.table.publish(entry.row, node_row(entry.node, pid, parts_.storage_account.uid,
                                           parts_.config.storage.readiness == Readiness::kTcp));
  row_changed_(entry.row);
}

}  // namespace sutra::supervisor
