// All processes as /proc shows them at one look, and who descends from whom. Supervisor, where there are no
// cgroups.
#pragma once
#include <sys/types.h>

#include <map>
#include <set>
#include <string>

#include "supervisor/host/process_stat.h"

namespace sutra::supervisor {

/// The living processes by pid; zombies are left out.
using ProcessScan = std::map<pid_t, ProcessStat>;

/// Not a snapshot: a process that forks while we look may be missed.
[[nodiscard]] ProcessScan scan_processes();

/// `roots` that are in the scan, and everything that descends from them.
[[nodiscard]] std::set<pid_t> with_descendants(const ProcessScan& scan, const std::set<pid_t>& roots);

/// True when the process's environment, as it was at exec, has NODE_ID=`node_id`. False when it may not be
/// read.
[[nodiscard]] bool belongs_by_environment(pid_t pid, const std::string& node_id);

/// Sends the signal by a pidfd that is verified to be `process`. False when that is gone.
bool signal_scanned(const ProcessStat& process, int signal);

}  // namespace sutra::supervisor
