#include "tests/simulation/shell.h"

#include <algorithm>
#include <utility>

#include "common/overload.h"

namespace sutra::simulation {

void Shell::may_be_killed(Mark where) {
  if (world_.random.chance(settings_.killed_per_mille))
    throw Killed{recovering_ ? Mark::kSupervisorKilledInRecovery : where};
}

core::Context Shell::context() const {
  return {settings_.policy,
          {world_.kernel.now, world_.kernel.wall_secs},
          static_cast<std::uint32_t>(world_.random.next()),
          world_.checks.comms_alive_since};
}

Shell::Entry* Shell::find(const std::string& node_id) {
  const auto at = entries_.find(node_id);
  return at == entries_.end() ? nullptr : at->second.get();
}

Shell::Entry& Shell::make_entry(const std::string& node_id) {
  auto entry = std::make_unique<Entry>();
  entry->incarnation = next_incarnation_++;
  return *(entries_[node_id] = std::move(entry));
}

void Shell::remove(const std::string& node_id) {
  Entry* entry = find(node_id);
  if (entry == nullptr) return;
  world_.checks.removed(node_id, entry->node.goal == core::Goal::kParked);
  if (entry->timer) world_.checks.violation("I6", "node " + node_id + " is gone and its timer is not");
  if (entry->process) retired_.push_back(std::move(entry->process));
  entries_.erase(node_id);
}

std::unique_ptr<NodeProcess> Shell::process_of(const std::string& node_id, std::uint64_t generation) {
  return std::make_unique<NodeProcess>(
      world_, node_id, generation, [this, id = node_id](core::Event event) { post(id, std::move(event)); });
}

// ---- requests

std::optional<core::Intent> Shell::admit(const std::string& node_id, const core::Request& request) {
  std::vector<core::KnownNode> known;
  for (const auto& [id, entry] : entries_) {
    known.push_back({entry->node.intent.node_id, entry->node.intent.request, entry->node.intent.placement,
                     entry->node.state, entry->node.goal});
  }
  const auto parsed = NodeId::parse(node_id);
  const auto verdict = core::admit(parsed.value(), request, settings_.admission, known, {});
  const auto* admitted = std::get_if<core::Admitted>(&verdict);
  if (admitted == nullptr) {
    world_.coverage.see(Mark::kRequestRefusedByAdmission);
    return std::nullopt;
  }
  core::Intent intent;
  intent.node_id = parsed.value();
  intent.request = request;
  intent.placement = admitted->placement;
  return intent;
}

void Shell::start(const std::string& node_id, const core::Request& request) {
  if (shutting_down_) return;
  if (Entry* entry = find(node_id)) {
    const bool differs = !core::difference(entry->node.intent.request, request).empty();
    const bool ending =
        entry->node.state == core::State::kStopping && entry->node.goal != core::Goal::kRunning;
    if (differs && !ending) return;
    ++entry->waiting[static_cast<std::size_t>(core::Waiter::kStart)];
    post(node_id, core::StartRequested{request}, core::Waiter::kStart);
    return;
  }
  auto intent = admit(node_id, request);
  if (!intent) return;
  core::Predecessor last;
  if (const auto found = unforgotten_.find(node_id); found != unforgotten_.end()) last = found->second;
  for (const Leaf& leaf : unmanaged_) {
    if (leaf.node_id == node_id) last.generation = std::max(last.generation, leaf.generation);
  }
  auto first = core::start_new(*std::move(intent), last, context());
  Entry& entry = make_entry(node_id);
  entry.node.state = core::State::kGone;
  entry.node.intent.node_id = NodeId::parse(node_id).value();
  ++entry.waiting[static_cast<std::size_t>(core::Waiter::kStart)];
  draining_ = true;
  execute(entry, core::StartRequested{request}, std::move(first), core::Waiter::kStart);
  draining_ = false;
  drain();
}

void Shell::stop(const std::string& node_id) {
  Entry* entry = find(node_id);
  if (entry == nullptr) return;
  ++entry->waiting[static_cast<std::size_t>(core::Waiter::kStop)];
  post(node_id, core::StopRequested{}, core::Waiter::kStop);
}

void Shell::restart(const std::string& node_id) {
  Entry* entry = find(node_id);
  if (entry == nullptr || shutting_down_) return;
  ++entry->waiting[static_cast<std::size_t>(core::Waiter::kRestart)];
  post(node_id, core::RestartRequested{}, core::Waiter::kRestart);
}

void Shell::shut_down() {
  shutting_down_ = true;
  std::vector<std::string> names;
  for (const auto& [id, entry] : entries_) names.push_back(id);
  for (const std::string& id : names) post(id, core::ShutdownRequested{});
}

void Shell::node_ready(const std::string& node_id, std::uint64_t generation) {
  post(node_id, core::Ready{generation});
}

void Shell::node_unresponsive(const std::string& node_id, std::uint64_t generation) {
  const Entry* entry = find(node_id);
  if (entry == nullptr || shutting_down_) return;
  std::vector<const core::Node*> all;
  for (const auto& [id, each] : entries_) all.push_back(&each->node);
  if (!planted_.may_probe_restart(entry->node, generation, all, settings_.policy, world_.kernel.now)) return;
  world_.coverage.see(Mark::kUnresponsiveHeeded);
  post(node_id, core::Unresponsive{generation, "probes failed"});
}

// ---- the loop

bool Shell::see_one() {
  std::vector<NodeProcess*> ready;
  for (const auto& [id, entry] : entries_) {
    if (entry->process && entry->process->ready()) ready.push_back(entry->process.get());
  }
  if (ready.empty()) return false;
  ready[world_.random.below(ready.size())]->fire();
  retired_.clear();
  return true;
}

bool Shell::fire_one_timer() {
  for (const auto& [id, entry] : entries_) {
    if (!entry->timer || entry->timer->due > world_.kernel.now) continue;
    const std::string node_id = id;
    const core::Timer due = *std::exchange(entry->timer, std::nullopt);
    if (entry->process && !planted_.fires_timers_first) entry->process->catch_up();
    const Entry* still = find(node_id);
    if (due.kind == core::TimerKind::kLaunch && still != nullptr && still->node.timer == due)
      world_.coverage.see(Mark::kLaunchGivenUp);
    post(node_id, core::TimerFired{due.token});
    return true;
  }
  return false;
}

std::optional<Nanoseconds> Shell::next_due() const {
  std::optional<Nanoseconds> next;
  for (const auto& [id, entry] : entries_) {
    // A launch takes no time: its deadline is nothing that time passes for.
    if (!entry->timer || entry->timer->kind == core::TimerKind::kLaunch) continue;
    if (!next || entry->timer->due < *next) next = entry->timer->due;
  }
  return next;
}

bool Shell::launching() const {
  return std::any_of(entries_.begin(), entries_.end(), [](const auto& each) {
    return each.second->process && each.second->process->launching();
  });
}

void Shell::reap_strays() {
  const std::vector<Process*>& table = world_.kernel.table();
  for (std::size_t i = table.size(); i > 0; --i) {
    Process& process = *table[i - 1];
    if (process.alive || process.parent != Parent::kSupervisor) continue;
    const bool owned = std::any_of(entries_.begin(), entries_.end(), [&](const auto& each) {
      return each.second->process && each.second->process->identity().pid == process.pid;
    });
    if (!owned) world_.kernel.reap(process);
  }
}

void Shell::check_idle() const {
  for (const auto& [id, entry] : entries_) {
    if (entry->timer != entry->node.timer)
      world_.checks.violation("I6", "the timer of node " + id + " is not the one that its state has");
    if (entry->node.state == core::State::kGone)
      world_.checks.violation("I6", "node " + id + " is gone and kept");
  }
}

// ---- events in, effects out

void Shell::post(const std::string& node_id, core::Event event, Requester requester) {
  const Entry* entry = find(node_id);
  if (entry == nullptr) return;
  posted_.push_back({node_id, entry->incarnation, std::move(event), requester});
  drain();
}

void Shell::drain() {
  if (draining_) return;
  draining_ = true;
  while (!posted_.empty()) {
    const Posted next = std::move(posted_.front());
    posted_.pop_front();
    Entry* entry = find(next.node_id);
    if (entry == nullptr || entry->incarnation != next.incarnation) continue;
    execute(*entry, next.event, planted_.step(entry->node, next.event, context()), next.requester);
  }
  draining_ = false;
}

void Shell::execute(Entry& entry, const core::Event& event, core::Transition transition,
                    Requester requester) {
  ++world_.coverage.core_steps;
  const std::string node_id = entry.node.intent.node_id;
  world_.checks.cause = {&node_id, &event};
  core::Node before = std::exchange(entry.node, std::move(transition.node));
  for (const core::Effect& effect : transition.effects) {
    ++world_.coverage.effects[effect.index()];
    may_be_killed(Mark::kSupervisorKilledInStep);
    if (!std::holds_alternative<core::CommitIntent>(effect)) {
      obey(entry, effect, requester);
      continue;
    }
    if (!world_.disk.write_intent(entry.node.intent) && !planted_.answers_before_disk) {
      world_.coverage.see(Mark::kRequestRefusedByDisk);
      entry.node = std::move(before);
      refuse(entry, requester);
      if (entry.node.state == core::State::kGone) remove(node_id);
      world_.checks.cause = {};
      return;
    }
    if (before.state == core::State::kGone) world_.checks.new_node(node_id);
    if (entry.node.intent.goal == core::Goal::kStopped) world_.checks.stop_committed(node_id);
  }
  may_be_killed(Mark::kSupervisorKilledInStep);
  world_.checks.cause = {};
  world_.checks.step_done(node_id);
  ++world_.coverage.states[static_cast<std::size_t>(entry.node.state)];
  const auto due = std::exchange(due_, {});
  const bool gone = entry.node.state == core::State::kGone;
  for (const auto& [waiter, success] : due) world_.checks.answered(node_id, waiter, success);
  if (gone) remove(node_id);
}

void Shell::obey(Entry& entry, const core::Effect& effect, Requester requester) {
  const std::string& id = entry.node.intent.node_id;
  NodeProcess* process = entry.process.get();
  std::visit(Overload{
                 [](const core::CommitIntent&) {},
                 [&](const core::SaveIntent&) {
                   (void)world_.disk.write_intent(entry.node.intent);
                   if (entry.node.intent.goal == core::Goal::kStopped && process != nullptr)
                     world_.checks.given_up(id, process->identity().truth);
                 },
                 [&](const core::SaveFacts&) { (void)save_facts(entry); },
                 [&](const core::Forget&) {
                   if (world_.disk.forget(id)) {
                     unforgotten_.erase(id);
                   } else {
                     unforgotten_[id] = {entry.node.generation, entry.node.intent.revision};
                   }
                 },
                 [&](const core::RecordDeath& death) { record_death(entry, death); },
                 [&](const core::RecordEvent& e) {
                   if (e.what == "quarantined") world_.coverage.see(Mark::kQuarantined);
                   const Appended appended = world_.disk.append(id, entry.node.generation, e.what);
                   if (e.what == "started" && appended == Appended::kFailed && process != nullptr)
                     world_.checks.start_not_recorded(process->identity().truth);
                   if (e.what == "launch failed")
                     world_.checks.launch_failure_recorded(
                         process != nullptr && process->identity().truth != 0 ? process->identity().truth
                                                                              : entry.recorded,
                         appended);
                 },
                 [&](const core::Reap&) {
                   if (process != nullptr) process->reap();
                 },
                 [&](const core::Spawn&) { spawn(entry); },
                 [&](const core::Terminate&) {
                   if (process != nullptr) process->terminate();
                 },
                 [&](const core::Kill&) {
                   if (process != nullptr) process->kill();
                 },
                 [&](const core::ArmTimer& e) { entry.timer = e.timer; },
                 [&](const core::DisarmTimer&) { entry.timer.reset(); },
                 [&](const core::Answer& e) { answer(entry, e.waiter, e.success); },
                 [&](const core::Refuse&) { refuse(entry, requester); },
             },
             effect);
}

void Shell::record_death(Entry& entry, const core::RecordDeath& death) {
  const Appended appended = world_.disk.append(entry.node.intent.node_id, entry.node.generation, "died");
  const bool child = entry.process && entry.process->child();
  if (!child) world_.coverage.see(Mark::kDeathOfAdopted);
  world_.checks.death_recorded(entry.process ? entry.process->identity().truth : 0, death.exit, appended,
                               child);
}

void Shell::answer(Entry& entry, core::Waiter waiter, bool success) {
  unsigned& waiting = entry.waiting[static_cast<std::size_t>(waiter)];
  if (std::exchange(waiting, 0) > 0) due_.emplace_back(waiter, success);
}

void Shell::refuse(Entry& entry, Requester requester) {
  if (!requester) return;
  unsigned& waiting = entry.waiting[static_cast<std::size_t>(*requester)];
  if (waiting > 0) --waiting;
}

}  // namespace sutra::simulation
