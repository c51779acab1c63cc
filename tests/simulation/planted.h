// Where a test plants a bug: the core's functions and the shell's habits, by default the real ones.
#pragma once
#include "supervisor/core/probe_restart.h"
#include "supervisor/core/recovery.h"
#include "supervisor/core/step.h"

namespace sutra::simulation {

namespace core = supervisor::core;

struct Planted {
  core::Transition (*step)(core::Node, const core::Event&, const core::Context&) = &core::step;
  core::Recovery (*recover)(core::Intent, const std::optional<core::LastRecord>&, std::uint64_t,
                            const core::KernelView&, const core::Policy&, core::Nanoseconds) = &core::recover;
  decltype(&core::may_probe_restart) may_probe_restart = &core::may_probe_restart;
  bool adopts_by_pid_alone = false;  ///< does not look at the start time
  bool opens_gate_first = false;     ///< records the pid when the server runs already
  bool answers_before_disk = false;  ///< takes a failed CommitIntent for a success
  bool launches_without_lock = false;
  bool fires_timers_first = false;  ///< does not look what a launcher reported before
};

}  // namespace sutra::simulation
