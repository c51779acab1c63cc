#include "tests/simulation/checks.h"

#include <algorithm>
#include <utility>

namespace sutra::simulation {
namespace {

std::string name_of(const Process& process) {
  std::string text =
      "process #" + std::to_string(process.serial) + " (pid " + std::to_string(process.pid) + ")";
  if (process.leaf) text += " of " + process.leaf->node_id + "." + std::to_string(process.leaf->generation);
  return text;
}

}  // namespace

void Checks::violation(const std::string& invariant, const std::string& what) {
  violations_.push_back(invariant + ": " + what);
}

void Checks::new_node(const std::string& node_id) { truths_[node_id] = {}; }

void Checks::stop_committed(const std::string& node_id) {
  truth(node_id).stop_on_disk = truth(node_id).stop_half_done = true;
  truth(node_id).wanted = false;
}

void Checks::asked_to_start(const std::string& node_id) {
  Truth& node = truth(node_id);
  node.asked = true;
  node.unasked.clear();
}

namespace {

/// Of a launcher that was adopted nobody sees the exec.
Nanoseconds seen_since(const Process& process) {
  return process.adopted_at_gate ? process.start : process.executed_at;
}

}  // namespace

// ---- I1, I3

bool Checks::reason_to_stop(const Process& leader, const std::string& node_id) {
  if (leader.role == Role::kLauncher && leader.parent == Parent::kSupervisor) return true;  // no server yet
  // What was found at its gate is no server, or has been one for an instant.
  if (leader.may_be_stopped || leader.adopted_at_gate || truth(node_id).stop_on_disk) return true;
  if (cause.event == nullptr) return false;
  if (std::holds_alternative<core::StopRequested>(*cause.event) ||
      std::holds_alternative<core::RestartRequested>(*cause.event) ||
      std::holds_alternative<core::ShutdownRequested>(*cause.event)) {
    return true;
  }
  if (const auto* hung = std::get_if<core::Unresponsive>(cause.event)) {
    return (leader.executed || leader.adopted_at_gate) && leader.leaf &&
           leader.leaf->generation == hung->generation;
  }
  if (std::holds_alternative<core::TimerFired>(*cause.event) && !truth(node_id).wanted && comms_alive_since) {
    // A first start's time-out, which only a living comms can vouch for.
    const bool ran_out =
        kernel_.now - std::max(seen_since(leader), *comms_alive_since) >= policy.ready_timeout;
    if (ran_out) coverage_.see(Mark::kReadinessRanOut);
    return ran_out;
  }
  return false;
}

void Checks::given_up(const std::string& node_id, Serial leader) {
  if (leader == 0 || !kernel_.at(leader).alive) return;  // it failed by itself
  Process& process = kernel_.at(leader);
  if (!reason_to_stop(process, node_id))
    violation("I1", name_of(process) + " was given up and its time had not run out");
  process.may_be_stopped = true;
}

void Checks::signalled(Process& process, const std::string& by_node) {
  if (!process.leaf || process.leaf->node_id != by_node) {
    return violation("I3", "node " + by_node + " signalled " + name_of(process) + ", which is not its own");
  }
  Process& leader = kernel_.at(process.leader);
  if (!leader.alive) return;  // what it left behind is cleaned up
  if (!reason_to_stop(leader, by_node)) {
    return violation("I1", name_of(process) + " was signalled and nobody had asked for it");
  }
  leader.may_be_stopped = true;
}

// ---- I4, I8

void Checks::launched(const std::string& node_id, bool recovering) {
  Truth& node = truth(node_id);
  if (node.stop_on_disk) violation("I4", "node " + node_id + " was stopped and is launched");
  node.last_asked = std::exchange(node.asked, false);
  if (node.last_asked || recovering) return;
  std::erase_if(node.unasked, [&](Nanoseconds at) { return at + policy.restart_window < kernel_.now; });
  node.unasked.push_back(kernel_.now);
  if (node.unasked.size() > policy.max_restarts + node.slack) {
    violation("I8", "node " + node_id + " was launched " + std::to_string(node.unasked.size()) +
                        " times within its window, unasked");
  }
}

/// No server was started: whoever holds the directory is waited for, with backoff, without end.
void Checks::lock_was_held(const std::string& node_id) {
  Truth& node = truth(node_id);
  if (node.last_asked) {
    node.asked = true;
  } else if (!node.unasked.empty()) {
    node.unasked.pop_back();
  }
}

// ---- I2

void Checks::executed(Process& process) {
  process.executed = true;
  process.executed_at = kernel_.now;
  for (const Process* each : kernel_.table()) {
    const Process& other = *each;
    // Known by neither records nor lock: under another node's name nobody can tell where it works.
    const bool unseen = kernel_.at(other.leader).unmanaged && !other.holds_lock && other.leaf &&
                        other.leaf->node_id != process.leaf->node_id;
    if (unseen) continue;
    if (other.alive && other.leader != process.leader && other.directory == process.directory &&
        (other.role == Role::kServer || other.role == Role::kChild)) {
      violation("I2", name_of(process) + " runs on " + process.directory + " beside " + name_of(other));
    }
  }
}

// ---- I5

void Checks::death_recorded(Serial subject, const core::Exit& exit, Appended appended, bool child) {
  if (subject == 0) return violation("I5", "the death of no process was recorded");
  Process& process = kernel_.at(subject);
  if (appended != Appended::kWritten) return;
  if (process.alive)
    return violation("I5", "the death of " + name_of(process) + " was recorded, and it lives");
  if (!process.executed && !process.adopted_at_gate) {
    violation("I5", "the death of " + name_of(process) + " was recorded, and it never ran");
  }
  if (++process.deaths > 1 && !std::exchange(process.record_deleted, false)) {
    violation("I5", "the death of " + name_of(process) + " was recorded twice");
  }
  if (exit.cause == core::ExitCause::kUnknown) {
    if (child) violation("I5", "how " + name_of(process) + " ended was known and is not recorded");
    return;
  }
  const bool same = exit.cause == process.exit.cause &&
                    (exit.cause == core::ExitCause::kOom ||
                     (exit.code == process.exit.code && exit.signal == process.exit.signal));
  // Its leaf, which alone told of the memory, was removed after a first record that was then refused or lost:
  // to whoever looks again it was killed, which is true.
  const bool memory_forgotten = (process.death_excused || process.deaths > 1) &&
                                process.exit.cause == core::ExitCause::kOom &&
                                exit.cause == core::ExitCause::kSignal;
  if (!same && !memory_forgotten) {
    violation("I5", "it is recorded that " + name_of(process) + " " + describe(exit) + ", and it " +
                        describe(process.exit));
  }
}

void Checks::death_noticed(Serial subject) {
  if (subject == 0) return;
  Process& process = kernel_.at(subject);
  if (std::exchange(process.death_noticed, true)) return;
  const bool taken_for_server = process.executed || process.adopted_at_gate;
  const bool stable = taken_for_server && kernel_.now - seen_since(process) >= policy.stable_after;
  if (stable && process.leaf) truth(process.leaf->node_id).unasked.clear();
}

void Checks::event_not_written(Serial subject) {
  if (subject != 0) kernel_.at(subject).death_excused = true;
}

void Checks::launch_failure_recorded(Serial subject, Appended appended) {
  if (subject == 0) return;
  Process& process = kernel_.at(subject);
  if (appended == Appended::kWritten) ++process.launches_not_known;
}

void Checks::records_deleted() {
  for (Process& process : kernel_.all()) process.record_deleted = process.deaths > 0;
}

void Checks::rebooted(bool facts_gone) {
  for (Process& process : kernel_.all()) {
    if (process.leaf && (facts_gone || disk_.stale_facts.contains(process.leaf->node_id)))
      process.death_excused = true;
  }
  for (auto& [id, node] : truths_) node.unasked.clear();
}

void Checks::every_death_has_one_record() {
  for (const Process& process : kernel_.all()) {
    if (process.alive || !process.executed || process.death_excused) continue;
    if (process.deaths + process.launches_not_known == 0)
      violation("I5", "the death of " + name_of(process) + " is nowhere recorded");
  }
}

// ---- answers and what outlives the supervisor

void Checks::answered(const std::string& node_id, core::Waiter waiter, bool success) {
  if (!success) return;
  const auto intent = disk_.intents.find(node_id);
  const bool on_disk = intent != disk_.intents.end();
  switch (waiter) {
    case core::Waiter::kStart:
      coverage_.see(Mark::kStartAnswered);
      truth(node_id).wanted = true;
      if (!on_disk && !disk_.stale_intents.contains(node_id))
        violation("I4", "the start of " + node_id + " was answered and its intent is not on disk");
      return;
    case core::Waiter::kRestart:
      coverage_.see(Mark::kRestartAnswered);
      return;
    case core::Waiter::kStop: {
      coverage_.see(Mark::kStopAnswered);
      const bool facts_say_run = disk_.facts.contains(node_id) && !disk_.stale_facts.contains(node_id);
      // One that never served is forgotten at the next start, whatever its goal.
      const bool intent_says_run =
          on_disk && intent->second.goal != core::Goal::kStopped && intent->second.confirmed;
      if (intent_says_run || (!on_disk && facts_say_run))
        violation("I4", "the stop of " + node_id + " was answered and the disk says that it runs");
      for (const Process* each : kernel_.table()) {
        const Process& process = *each;
        if (process.alive && process.executed && process.leaf && process.leaf->node_id == node_id &&
            !kernel_.at(process.leader).unmanaged)
          violation("I4", "the stop of " + node_id + " was answered and " + name_of(process) + " lives");
      }
      truth(node_id).stop_on_disk = true;
      truth(node_id).wanted = false;
      return;
    }
  }
}

void Checks::removed(const std::string& node_id, bool parked) {
  if (truth(node_id).wanted && !parked)
    violation("I1", "node " + node_id + " was forgotten and nobody had stopped it");
}

/// What the records say must be what was promised, unless what would have said it never arrived in either
/// directory.
void Checks::recovering(const supervisor::NodeRecords& recorded) {
  for (Process& process : kernel_.all()) {
    if (!process.leaf || !disk_.stale_facts.contains(process.leaf->node_id)) continue;
    process.unmanaged = true;
    process.record_deleted = process.deaths > 0;  // nor that it was written
    process.death_excused = process.death_excused || process.deaths == 0;
  }
  for (auto& [id, node] : truths_) {
    ++node.slack;
    if (disk_.stale_facts.contains(id)) node.unasked.clear();
    const auto found = recorded.find(id);
    const bool runs = found != recorded.end() && found->second.intent.goal == core::Goal::kRunning;
    const bool both_lost = disk_.stale_intents.contains(id) && disk_.stale_facts.contains(id);
    if (node.wanted && !(runs && found->second.intent.confirmed)) {
      if (!both_lost) violation("I1", "node " + id + " is not in the records, and nobody had stopped it");
      node.wanted = false;
    }
    const bool would_run = runs && (found->second.intent.confirmed ||
                                    (found->second.facts && found->second.facts->process.pid != 0));
    if (node.stop_on_disk && would_run) {
      // The intent may be deleted between the commit and what follows it.
      const bool half_done = disk_.stale_intents.contains(id) && node.stop_half_done;
      if (!both_lost && !half_done)
        violation("I4", "node " + id + " was stopped and the records say that it runs");
      node.stop_on_disk = false;
    }
  }
}

bool Checks::wanted(const std::string& node_id) const {
  const auto found = truths_.find(node_id);
  return found != truths_.end() && found->second.wanted;
}

}  // namespace sutra::simulation
