// A test run once more in namespaces of its own: a world with few pids, and few connections. Tests only.
#pragma once
#include <string>

namespace sutra::endurance {

/// This process is the one inside.
[[nodiscard]] bool in_own_namespaces();

/// Why this kernel has no pid_max of its own for each pid namespace, or nullptr. Never tried out: where it
/// has not, a write inside would change the host's.
[[nodiscard]] const char* why_no_small_pid_namespace();

/// Runs this program again with only the current test: as the only child of an init that reaps every orphan,
/// with its own /proc, `pid_max` and SUTRA_OWN_NAMESPACES set. All that it leaves is killed by the kernel.
/// The exit status, 128 + signal; -1 when there was none. Call it before there are threads.
[[nodiscard]] int run_in_own_namespaces(int pid_max);

/// A directory in memory, in this mount namespace: thousands of records are written there, and none is to
/// wait for a disk that others use, too. False where that is not allowed.
bool mount_memory(const std::string& directory);
void unmount_memory(const std::string& directory);

}  // namespace sutra::endurance
