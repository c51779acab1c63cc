// Disasters of a history: deaths of the supervisor, deleted directories, reboots.
#include "tests/simulation/history.h"

namespace sutra::simulation {

using namespace std::chrono_literals;

void History::reload() {
  bool kept = false;
  guarded([&] { kept = supervisor_->keep_records(); });
  if (!kept) return tell("a reload is refused: the records cannot be kept");
  coverage_.see(Mark::kReload);
  if (supervisor_->nodes().launching()) coverage_.see(Mark::kReloadWhileLaunching);
  tell("reload");
  kernel_.pipes_closed();
  supervisor_.reset();  // its children stay its children
  checks_.comms_alive_since.reset();
  Config& config = settings_.config;
  if (random_.chance(300))
    config.storage.readiness =
        config.storage.readiness == Readiness::kTcp ? Readiness::kNone : Readiness::kTcp;
  if (random_.chance(200)) config.monitoring.restart_failed_nodes = !config.monitoring.restart_failed_nodes;
  start_supervisor();
}

void History::reboot() {
  const bool cleared = random_.chance(500);
  coverage_.see(cleared ? Mark::kRebootClearsRuntime : Mark::kRebootKeepsRuntime);
  tell(cleared ? "the host reboots" : "the host reboots and keeps its runtime directory");
  supervisor_is_gone();
  kernel_.reboot(random_.chance(500) ? 15s : 200'000s);
  if (cleared) {
    disk_.delete_runtime();
  } else {
    disk_.lose_unsynced_facts();
  }
  checks_.rebooted(cleared);
  messages_.clear();
}

void History::disaster() {
  const std::uint64_t dice = random_.below(100);
  if (dice < 40) {
    if (!supervisor_) return;
    coverage_.see(Mark::kSupervisorKilledIdle);
    tell("the supervisor is killed");
    supervisor_is_gone();
  } else if (dice < 60) {
    if (supervisor_ && !supervisor_->shutting_down()) reload();
  } else if (dice < 68) {
    if (!supervisor_ || supervisor_->shutting_down()) return;
    coverage_.see(Mark::kShutdown);
    tell("the agent is told to stop");
    for (char name = 'a'; name < 'e'; ++name) checks_.asked_to_start(std::string(1, name));
    guarded([&] { supervisor_->shut_down(); });
  } else if (dice < 76) {
    reboot();
  } else if (dice < 80) {
    coverage_.see(Mark::kStateDeleted);
    tell("state_dir is deleted");
    disk_.delete_state();
    checks_.records_deleted();
  } else if (dice < 84) {
    coverage_.see(Mark::kRuntimeDeleted);
    tell("runtime_dir is deleted");
    disk_.delete_runtime();
  } else if (dice < 86) {
    coverage_.see(Mark::kBothDeleted);
    tell("state_dir and runtime_dir are deleted");
    disk_.delete_state();
    disk_.delete_runtime();
    checks_.records_deleted();
  } else if (dice < 93) {
    disk_.state_fault_per_mille = disk_.state_fault_per_mille == 0 ? 700 : 0;
    tell("state_dir fails or works again");
  } else {
    disk_.runtime_fault_per_mille = disk_.runtime_fault_per_mille == 0 ? 700 : 0;
    tell("runtime_dir fails or works again");
  }
}

}  // namespace sutra::simulation
