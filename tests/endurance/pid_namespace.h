// A test run once more in a pid namespace of its own whose numbers are few. Tests only.
#pragma once

namespace sutra::endurance {

/// This process is the one inside.
[[nodiscard]] bool in_pid_namespace();

/// Why this kernel has no pid_max of its own for each pid namespace, or nullptr. Never tried out: where it
/// has not, a write inside would change the host's.
[[nodiscard]] const char* why_no_small_pid_namespace();

/// Runs this program again with only the current test: as the only child of an init that reaps every orphan,
/// with its own /proc, `pid_max` and SUTRA_PID_NAMESPACE set. All that it leaves is killed by the kernel. The
/// exit status, 128 + signal; -1 when there was none. Call it before there are threads.
[[nodiscard]] int run_in_pid_namespace(int pid_max);

}  // namespace sutra::endurance
