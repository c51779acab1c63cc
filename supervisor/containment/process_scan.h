// All processes of the host from /proc, and their descendants. Supervisor, used where there are no cgroups.
#pragma once
#include <sys/types.h>

#include <map>
#include <set>
#include <string>

#include "supervisor/host/process_stat.h"

namespace sutra::supervisor {

/// The living processes by pid; zombies are left out.
using ProcessScan = std::map<pid_t, ProcessStat>;

/// Reads /proc. Not atomic: a process that is created meanwhile may be missed, so callers scan again.
[[nodiscard]] ProcessScan scan_processes();

/// The `roots` that are in the scan, and all their descendants. Pure.
[[nodiscard]] std::set<pid_t> with_descendants(const ProcessScan& scan, const std::set<pid_t>& roots);

/// True when the process was executed with NODE_ID=`node_id` in its environment (/proc/PID/environ, proc(5)).
/// False when we may not read it.
[[nodiscard]] bool belongs_by_environment(pid_t pid, const std::string& node_id);

/// Sends `signal` to `process` through a pidfd, after a check that the pid was not reused. False when the
/// process has ended or may not be signalled.
bool signal_scanned(const ProcessStat& process, int signal);

}  // namespace sutra::supervisor
