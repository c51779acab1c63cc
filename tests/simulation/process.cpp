#include "tests/simulation/process.h"

#include "tests/simulation/platform.h"

namespace sutra::simulation {

using supervisor::LaunchProgress;

// ---- a process

std::optional<supervisor::Ended> SimulatedProcess::ended() const {
  const Kernel& kernel = session_.world.kernel;
  const Process& process = kernel.at(serial_);
  const bool overlooked = session_.planted.fires_timers_first && session_.firing_timer;
  if (process.alive || overlooked) return std::nullopt;
  supervisor::Ended ended;
  ended.child = session_.is_child(serial_);
  if (ended.child || (kernel.features.tells_exit && process.reaped)) ended.exit = process.exit;
  // The parent sees an ordinary SIGKILL; only the cgroup shows that it was out of memory.
  if (ended.exit.cause == core::ExitCause::kOom) ended.exit.cause = core::ExitCause::kSignal;
  return ended;
}

void SimulatedProcess::reap() {
  session_.may_be_killed(Mark::kSupervisorKilledInStep);
  Process& process = session_.world.kernel.at(serial_);
  if (session_.is_child(serial_) && !process.reaped) session_.world.kernel.reap(process);
}

supervisor::WatchHandle SimulatedProcess::watch_end(std::function<void()> seen) {
  return platform_.watch([this] { return !session_.world.kernel.at(serial_).alive; }, std::move(seen));
}

// ---- a launch

Status SimulatedLaunch::open_gate() {
  session_.may_be_killed(Mark::kSupervisorKilledAtGate);
  Process& process = session_.world.kernel.at(serial_);
  if (!process.alive)
    return make_error("open the gate of launcher", std::to_string(process.pid), "it is dead");
  process.gate_open = true;
  if (!session_.world.kernel.calm && session_.world.random.chance(100)) {
    // The launcher runs in parallel: it may take its lock and send its report before our next call.
    process.holds_lock = !session_.world.kernel.lock_held(process.directory, process.serial);
    process.reported = process.holds_lock;
    if (process.reported) session_.world.coverage.see(Mark::kLauncherQuick);
  }
  return {};
}

LaunchProgress SimulatedLaunch::progress() {
  if (session_.planted.fires_timers_first && session_.firing_timer) return LaunchProgress::kPending;
  const Process& process = session_.world.kernel.at(serial_);
  switch (process.report) {
    case Report::kPending:
      return process.alive ? LaunchProgress::kPending : LaunchProgress::kDied;
    case Report::kExeced:
      return LaunchProgress::kExeced;
    case Report::kFailed:
    case Report::kLockHeld:
      return LaunchProgress::kFailed;
  }
  return LaunchProgress::kDied;
}

supervisor::LaunchFailure SimulatedLaunch::failure() const {
  return {session_.world.kernel.at(serial_).report == Report::kLockHeld, "launch"};
}

supervisor::WatchHandle SimulatedLaunch::watch_report(std::function<void()> seen) {
  return platform_.watch(
      [this] {
        const Process& process = session_.world.kernel.at(serial_);
        return process.report != Report::kPending || !process.alive;
      },
      std::move(seen));
}

// ---- a tree

bool SimulatedTree::populated() {
  const Kernel& kernel = session_.world.kernel;
  return stray_ != 0 ? kernel.session_populated(stray_) : kernel.populated(leaf_);
}

bool SimulatedTree::oom_killed() const {
  const auto found = session_.world.kernel.leaves.find(leaf_);
  return found != session_.world.kernel.leaves.end() && found->second;
}

bool SimulatedTree::remove() {
  World& world = session_.world;
  if (populated()) return false;
  if (!world.kernel.calm && world.random.chance(100)) {
    world.coverage.see(Mark::kCgroupBusy);
    return false;
  }
  if (stray_ == 0) world.kernel.leaves.erase(leaf_);
  return true;
}

void SimulatedTree::kill() {
  killed_ = true;
  signal(true);
}

void SimulatedTree::repeat_kill() {
  if (killed_) kill();
}

void SimulatedTree::signal(bool kill) {
  session_.may_be_killed(Mark::kSupervisorKilledInStep);
  for (Process* each : session_.world.kernel.table()) {
    Process& process = *each;
    const bool member = stray_ != 0 ? process.leader == stray_ : process.leaf == leaf_;
    if (!process.alive || !member) continue;
    session_.world.checks.signalled(process, leaf_.node_id);
    (kill ? process.kill_pending : process.term_pending) = true;
  }
}

}  // namespace sutra::simulation
