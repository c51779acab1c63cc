// What the processes of the simulated host do.
#include "tests/simulation/history.h"

namespace sutra::simulation {
namespace {

constexpr int kSigKill = 9;
constexpr int kSigTerm = 15;

core::Exit by_signal(int signal) { return {core::ExitCause::kSignal, 0, signal, 0}; }
core::Exit with_code(int code) { return {core::ExitCause::kExit, code, 0, 0}; }

}  // namespace

core::Exit History::some_exit() {
  if (random_.chance(400)) return with_code(static_cast<int>(random_.below(3)));
  return by_signal(random_.chance(500) ? kSigKill : 11);
}

void History::kernel_acts() {
  for (std::uint64_t left = 1 + random_.below(3); left > 0; --left) {
    signals_arrive(600);
    init_reaps(600);
    decoys_act();
    std::vector<Serial> able;
    for (const Process* process : kernel_.table()) {
      // cgroup.kill also reaches processes that are forked meanwhile.
      if (process->alive && !process->kill_pending && process->role != Role::kDecoy)
        able.push_back(process->serial);
    }
    if (able.empty()) return;
    Process& process = kernel_.at(able[random_.below(able.size())]);
    switch (process.role) {
      case Role::kLauncher:
        run_launcher(process);
        break;
      case Role::kServer:
        run_server(process);
        break;
      case Role::kChild:
        if (random_.chance(400)) end(process);
        break;
      case Role::kDecoy:
        break;
    }
  }
}

void History::run_launcher(Process& process) {
  const auto fail = [&](Report report, Mark mark) {
    coverage_.see(mark);
    process.report = report;
    kernel_.die(process, with_code(1));
    tell("launcher #" + std::to_string(process.serial) + " fails");
  };
  if (!kernel_.calm && random_.chance(25)) {
    coverage_.see(Mark::kLauncherKilled);
    return kernel_.die(process, by_signal(kSigKill));
  }
  if (!process.holds_lock) {
    if (!kernel_.calm && random_.chance(30)) return fail(Report::kFailed, Mark::kLauncherFails);
    if (!planted_.launches_without_lock && kernel_.lock_held(process.directory, process.serial))
      return fail(Report::kLockHeld, Mark::kLockHeld);
    process.holds_lock = true;
    return;
  }
  if (process.gate_open) {
    // It reports "about to exec"; if no supervisor reads the pipe any more, it exits. The supervisor may die in
    // between.
    if (!process.reported) {
      if (!process.report_open) return kernel_.die(process, by_signal(13));
      process.reported = true;
      return;
    }
    disk_.mark_executed(*process.leaf);
    if (!kernel_.calm && random_.chance(40)) {
      disk_.unmark(*process.leaf);
      return fail(Report::kFailed, Mark::kExecFails);
    }
    process.role = Role::kServer;
    process.report = Report::kExeced;
    process.ignores_term = random_.chance(150);
    tell("#" + std::to_string(process.serial) + " is executed");
    return checks_.executed(process);
  }
  if (process.parent == Parent::kInit) {
    coverage_.see(Mark::kGateClosed);
    kernel_.die(process, with_code(5));
  }
}

void History::fork_from(Process& server, Parent parent) {
  if (kernel_.crowded()) return;
  const Serial of = server.serial;
  Process& child = kernel_.spawn(Role::kChild, parent, server.leaf);
  const Process& leader = kernel_.at(of);
  child.leader = leader.leader;
  child.directory = leader.directory;
  child.holds_lock = leader.holds_lock && !random_.chance(300);
  child.ignores_term = random_.chance(300);
}

void History::end(Process& process) {
  tell("#" + std::to_string(process.serial) + " ends");
  kernel_.die(process, some_exit());
}

void History::run_server(Process& process) {
  const std::uint64_t dice = random_.below(100);
  if (!process.serves && dice < 60) {
    process.serves = true;
  } else if (dice < 75) {
    coverage_.see(Mark::kServerForks);
    fork_from(process, Parent::kInit);
  } else if (dice < 80 && !kernel_.crowded()) {
    coverage_.see(Mark::kServerDaemonizes);
    fork_from(process, Parent::kInit);
    kernel_.die(process, with_code(0));
    coverage_.see(Mark::kTreeOutlivesLeader);
    tell("#" + std::to_string(process.serial) + " leaves a daemon and exits");
  } else if (dice < 82) {
    coverage_.see(Mark::kServerClosesLock);
    process.holds_lock = false;
  } else if (dice < 86) {
    coverage_.see(Mark::kServerOutOfMemory);
    tell("#" + std::to_string(process.serial) + " runs out of memory");
    kernel_.leaves[*process.leaf] = true;
    const Leaf leaf = *process.leaf;
    for (Process* other : kernel_.table()) {
      if (other->alive && other->leaf == leaf) kernel_.die(*other, {core::ExitCause::kOom, 0, kSigKill, 0});
    }
  } else if (dice < 96) {
    const bool killed = random_.chance(500);
    coverage_.see(killed ? Mark::kServerKilled : Mark::kServerExits);
    end(process);
  }
}

void History::signals_arrive(std::uint64_t per_mille) {
  for (Process* each : kernel_.table()) {
    Process& process = *each;
    if (!process.alive || !(process.kill_pending || process.term_pending) || !random_.chance(per_mille))
      continue;
    if (process.kill_pending) {
      kernel_.die(process, by_signal(kSigKill));
    } else if (process.ignores_term && process.role != Role::kLauncher) {
      process.term_pending = false;
      coverage_.see(Mark::kSigtermIgnored);
    } else {
      kernel_.die(process, random_.chance(500) ? with_code(0) : by_signal(kSigTerm));
    }
  }
}

void History::init_reaps(std::uint64_t per_mille) {
  for (std::size_t i = kernel_.table().size(); i > 0; --i) {
    Process& process = *kernel_.table()[i - 1];
    if (!process.alive && process.parent == Parent::kInit && random_.chance(per_mille)) kernel_.reap(process);
  }
}

/// Decoys: unrelated processes that start and end and reuse the pids of our processes.
void History::decoys_act() {
  std::size_t decoys = 0;
  for (Process* process : kernel_.table()) {
    if (!process->alive || process->role != Role::kDecoy) continue;
    ++decoys;
    if (random_.chance(60)) kernel_.die(*process, with_code(0));
  }
  for (; decoys < 8; ++decoys) {
    Process& decoy = kernel_.spawn(Role::kDecoy, Parent::kInit, std::nullopt);
    if (kernel_.calm || !random_.chance(15)) continue;
    decoy.directory = "/data/" + some_node();  // a server of another program, on a node's data
    decoy.holds_lock = !kernel_.lock_held(decoy.directory, 0);
  }
}

}  // namespace sutra::simulation
