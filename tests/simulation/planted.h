// Bugs that a test plants on purpose: in the core's functions, and in what the shell's calls do. By default there is
// none. Bugs in the shell's own source are planted by shell_mutations.cmake.
#pragma once
#include "supervisor/core/probe_restart.h"
#include "supervisor/core/recovery.h"
#include "supervisor/core/step.h"

namespace sutra::simulation {

namespace core = supervisor::core;

struct Planted {
  core::Transition (*step)(core::Node, const core::Event&, const core::Context&) = &core::step;
  decltype(&core::recover) recover = &core::recover;
  decltype(&core::may_probe_restart) may_probe_restart = &core::may_probe_restart;
  bool adopts_by_pid_alone = false;  ///< does not look at the start time
  bool opens_gate_first = false;     ///< records the pid only when the server already runs
  bool answers_before_disk = false;  ///< takes a failed CommitIntent for a success
  bool launches_without_lock = false;
  bool fires_timers_first = false;  ///< does not read a launcher's report first
};

}  // namespace sutra::simulation
