#include "tests/simulation/ledger.h"

namespace sutra::simulation {
namespace {

Status result(bool done) {
  if (done) return {};
  return make_error("write", "a record", "the simulated disk failed");
}

}  // namespace

supervisor::Ledger::Contents SimulatedLedger::read() {
  session_.world.disk.open_events();
  Contents contents;
  contents.nodes = session_.world.disk.read();
  for (const auto& [id, each] : contents.nodes) {
    if (each.facts) session_.recorded({id, each.facts->generation}, truth_of(each.facts->process));
  }
  return contents;
}

Status SimulatedLedger::write_intent(const core::Intent& intent) {
  session_.may_be_killed(Mark::kSupervisorKilledInStep);
  const Session::Write write = session_.intent_write();
  const bool written = session_.world.disk.write_intent(intent);
  if (write == Session::Write::kCommit) {
    if (!written && !session_.planted.answers_before_disk) {
      session_.commit_failed();
      return result(false);
    }
    session_.committed(intent);
    return {};
  }
  if (write == Session::Write::kSave && intent.goal == core::Goal::kStopped)
    session_.world.checks.given_up(intent.node_id, session_.current());
  return result(written);
}

Status SimulatedLedger::write_facts(const supervisor::Facts& facts) {
  const bool launching = facts.process.pid != 0 && facts.started_at_unix == 0;
  session_.may_be_killed(launching ? Mark::kSupervisorKilledAtGate : Mark::kSupervisorKilledInStep);
  return result(session_.world.disk.write_facts(facts));
}

supervisor::Ledger::Present SimulatedLedger::present(const NodeId& node_id) const {
  return {session_.world.disk.intents.contains(node_id), session_.world.disk.facts.contains(node_id)};
}

Status SimulatedLedger::forget(const NodeId& node_id) {
  session_.may_be_killed(Mark::kSupervisorKilledInStep);
  return result(session_.world.disk.forget(node_id));
}

Status SimulatedLedger::append(const Event& event) {
  session_.may_be_killed(Mark::kSupervisorKilledInStep);
  const Serial subject = session_.next_event({event.node_id, event.generation}, event.what);
  const Appended appended = session_.world.disk.append(event.node_id, event.generation, event.what);
  tell_checks(event, subject, appended);
  if (appended != Appended::kFailed) {
    session_.event_written();
    return {};
  }
  session_.event_failed();
  return result(false);
}

void SimulatedLedger::tell_checks(const Event& event, Serial subject, Appended appended) {
  World& world = session_.world;
  if (event.what == "quarantined") world.coverage.see(Mark::kQuarantined);
  if (event.what == "launch failed") world.checks.launch_failure_recorded(subject, appended);
  if (event.what != "died") return;
  const bool child = subject != 0 && session_.is_child(subject);
  if (!child) world.coverage.see(Mark::kDeathOfAdopted);
  world.checks.death_recorded(subject, event.exit.value_or(core::Exit{}), appended, child);
}

}  // namespace sutra::simulation
