// Runs a test again in its own namespaces, with few pids and few connections. Tests only.
#pragma once
#include <string>

namespace sutra::endurance {

/// Whether this process runs inside them.
[[nodiscard]] bool in_own_namespaces();

/// Why this kernel has no separate pid_max for each pid namespace, or nullptr. Not found by trying: without the
/// feature a write inside would change the host's pid_max.
[[nodiscard]] const char* why_no_small_pid_namespace();

/// Runs this program again with only the current test, as the only child of an init that reaps every orphan, with its
/// own /proc and `pid_max`, and SUTRA_OWN_NAMESPACES set. The kernel kills all that it leaves.
/// Returns the exit status, or 128 + signal; -1: it did not run. Call it before there are threads.
[[nodiscard]] int run_in_own_namespaces(int pid_max);

/// Mounts a tmpfs in this mount namespace: thousands of records are written there, and none should wait for a disk
/// that others use, too. False where that is not allowed.
bool mount_memory(const std::string& directory);
void unmount_memory(const std::string& directory);

}  // namespace sutra::endurance
