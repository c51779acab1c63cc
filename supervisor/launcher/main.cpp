// sutra-node-launch: sets up its own process as the spec says, waits at the gate, executes the program.
// An ordinary program with its own memory, started by the supervisor; no standard library, no allocation.
#include <errno.h>
#include <unistd.h>

#include "supervisor/launcher/channel.h"
#include "supervisor/launcher/steps.h"

namespace sutra::launch {
namespace {

struct Step {
  Stage stage;
  int (*run)(const Spec&);
};

// In this order, because:
// - limits may be raised and the OOM score lowered only while we have the supervisor's rights;
// - the bounding set can be changed only before the user changes;
// - the kernel clears PDEATHSIG when the user changes, so it is set a second time;
// - the directory is entered and locked with the program's rights: a symlink or a mode that a node has set
//   cannot make us do with root's rights what the node could not do itself;
// - confinement, when it comes, belongs after the lock, whose directory it is about, and before the gate.
constexpr Step kSteps[] = {
    {kStageSpec, keep_own_descriptors},
    {kStageSession, new_session},
    {kStageParent, die_with_parent},
    {kStageLimits, set_limits},
    {kStageOom, set_oom_score},
    {kStageSignals, reset_signals},
    {kStageStdio, redirect_stdio},
    {kStageCapabilities, drop_bounding_set},
    {kStageIds, set_ids},
    {kStageParent, die_with_parent},
    {kStageCapabilities, clear_capabilities},
    {kStageNoNewPrivs, no_new_privileges},
    {kStageDirectory, enter_directory},
    {kStageLock, lock_directory},
};

LoadedSpec g_loaded;  // static memory: 2 KiB of pointers, once

[[noreturn]] void fail(int report_fd, Stage stage, int error) {
  report(report_fd, stage, error);
  _exit(kExitFailed);
}

[[noreturn]] void launch() {
  int report_fd = kSlotReport;
  if (const int error = read_spec(g_loaded)) fail(report_fd, kStageSpec, error);
  for (const Step& step : kSteps) {
    if (const int error = step.run(g_loaded.spec)) fail(report_fd, step.stage, error);
  }
  if (const int error = wait_at_gate()) {
    if (error == kGateClosed) _exit(kExitGateClosed);
    fail(report_fd, kStageGate, error);
  }
  if (const int error = pass_extras(g_loaded.spec, report_fd)) fail(report_fd, kStageExec, error);
  report(report_fd, kAboutToExec, 0);  // SIGPIPE ends us here when the supervisor is dead: no server then
  mark_exec(g_loaded.spec);            // last step before execve: the mark says that the server was executed
  execve(g_loaded.spec.program, g_loaded.argv, g_loaded.envp);
  const int error = errno;
  unmark_exec(g_loaded.spec);
  fail(report_fd, kStageExec, error);
}

}  // namespace
}  // namespace sutra::launch

int main() { sutra::launch::launch(); }
