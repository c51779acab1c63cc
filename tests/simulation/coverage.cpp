#include "tests/simulation/coverage.h"

#include <functional>

#include "common/node_state.h"

namespace sutra::simulation {
namespace {

std::string_view name(Mark mark) {
  switch (mark) {
    case Mark::kDirectoryFails:
      return "directory fails";
    case Mark::kLaunchFails:
      return "launch fails";
    case Mark::kLockHeld:
      return "lock held";
    case Mark::kLauncherFails:
      return "launcher fails";
    case Mark::kLauncherKilled:
      return "launcher killed";
    case Mark::kExecFails:
      return "exec fails";
    case Mark::kGateClosed:
      return "gate closed";
    case Mark::kLaunchGivenUp:
      return "launch given up";
    case Mark::kServerExits:
      return "server exits";
    case Mark::kServerKilled:
      return "server killed";
    case Mark::kServerOutOfMemory:
      return "server out of memory";
    case Mark::kServerForks:
      return "server forks";
    case Mark::kServerDaemonizes:
      return "server daemonizes";
    case Mark::kServerClosesLock:
      return "server closes lock";
    case Mark::kSigtermIgnored:
      return "sigterm ignored";
    case Mark::kTreeOutlivesLeader:
      return "tree outlives leader";
    case Mark::kPidReused:
      return "pid reused";
    case Mark::kCgroupBusy:
      return "cgroup busy";
    case Mark::kStateWriteFails:
      return "state write fails";
    case Mark::kRuntimeWriteFails:
      return "runtime write fails";
    case Mark::kEventAppendFails:
      return "event append fails";
    case Mark::kForgetFails:
      return "forget fails";
    case Mark::kStateDeleted:
      return "state deleted";
    case Mark::kRuntimeDeleted:
      return "runtime deleted";
    case Mark::kBothDeleted:
      return "both deleted";
    case Mark::kFactsLostInReboot:
      return "facts lost in reboot";
    case Mark::kSupervisorKilledIdle:
      return "supervisor killed idle";
    case Mark::kSupervisorKilledInStep:
      return "supervisor killed in step";
    case Mark::kSupervisorKilledAtGate:
      return "supervisor killed at gate";
    case Mark::kSupervisorKilledInRecovery:
      return "supervisor killed in recovery";
    case Mark::kReload:
      return "reload";
    case Mark::kReloadWhileLaunching:
      return "reload while launching";
    case Mark::kShutdown:
      return "shutdown";
    case Mark::kRebootKeepsRuntime:
      return "reboot keeps runtime";
    case Mark::kRebootClearsRuntime:
      return "reboot clears runtime";
    case Mark::kWallClockJumps:
      return "wall clock jumps";
    case Mark::kCommsDies:
      return "comms dies";
    case Mark::kMessageRepeated:
      return "message repeated";
    case Mark::kReadyInvented:
      return "ready invented";
    case Mark::kUnresponsiveInvented:
      return "unresponsive invented";
    case Mark::kUnresponsiveHeeded:
      return "unresponsive heeded";
    case Mark::kReadinessRanOut:
      return "readiness ran out";
    case Mark::kRequestRefusedByDisk:
      return "request refused by disk";
    case Mark::kRequestRefusedByAdmission:
      return "request refused by admission";
    case Mark::kProcessCannotBeLookedAt:
      return "process cannot be looked at";
    case Mark::kDeathOfAdopted:
      return "death of adopted";
    case Mark::kDeathRepeatDropped:
      return "death repeat dropped";
    case Mark::kAdopted:
      return "adopted";
    case Mark::kAdoptedLauncher:
      return "adopted launcher";
    case Mark::kLeftoversFound:
      return "leftovers found";
    case Mark::kUnmanagedFound:
      return "unmanaged found";
    case Mark::kQuarantined:
      return "quarantined";
    case Mark::kStopAnswered:
      return "stop answered";
    case Mark::kStartAnswered:
      return "start answered";
    case Mark::kRestartAnswered:
      return "restart answered";
  }
  return {};
}

constexpr std::array<std::string_view, kEffects> kEffectNames{
    "commit intent", "save intent", "save facts", "forget",    "record death", "record event", "reap",
    "spawn",         "terminate",   "kill",       "arm timer", "disarm timer", "answer",       "refuse"};

void each(const Coverage& coverage, const std::function<void(std::string, std::uint64_t)>& tell) {
  for (std::size_t i = 0; i < kStates; ++i)
    tell("state " + std::string(state_name(static_cast<NodeState>(i))), coverage.states[i]);
  for (std::size_t i = 0; i < kEffects; ++i)
    tell("effect " + std::string(kEffectNames[i]), coverage.effects[i]);
  for (std::size_t i = 0; i < kMarks; ++i) tell(std::string(name(static_cast<Mark>(i))), coverage.marks[i]);
}

}  // namespace

void Coverage::add(const Coverage& other) {
  histories += other.histories;
  steps += other.steps;
  core_steps += other.core_steps;
  for (std::size_t i = 0; i < kMarks; ++i) marks[i] += other.marks[i];
  for (std::size_t i = 0; i < kStates; ++i) states[i] += other.states[i];
  for (std::size_t i = 0; i < kEffects; ++i) effects[i] += other.effects[i];
}

std::string Coverage::text() const {
  std::string out = std::to_string(histories) + " histories, " + std::to_string(steps) + " steps, " +
                    std::to_string(core_steps) + " steps of the state machine\n";
  each(*this, [&](const std::string& what, std::uint64_t times) {
    out += "  " + what + std::string(what.size() < 36 ? 36 - what.size() : 1, ' ') + std::to_string(times) +
           "\n";
  });
  return out;
}

std::vector<std::string> Coverage::missing(std::uint64_t least) const {
  std::vector<std::string> out;
  each(*this, [&](const std::string& what, std::uint64_t times) {
    if (times < least) out.push_back(what + ": " + std::to_string(times));
  });
  return out;
}

}  // namespace sutra::simulation
