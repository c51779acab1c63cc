// All processes as /proc shows them at one look, and who descends from whom. Supervisor, where there are no
// cgroups.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace sutra::supervisor {

/// One living process (zombies are left out). `start_ticks` tells it from a later one with its pid.
struct ScannedProcess {
  pid_t pid = 0, parent = 0, session = 0;
  std::uint64_t start_ticks = 0;
};
using ProcessScan = std::map<pid_t, ScannedProcess>;

/// Not a snapshot: a process that forks while we look may be missed.
[[nodiscard]] ProcessScan scan_processes();

/// From the text of /proc/PID/stat; nothing for a zombie or what cannot be read. Pure.
[[nodiscard]] std::optional<ScannedProcess> parse_process_stat(const std::string& stat);

/// `roots` that are in the scan, and everything that descends from them.
[[nodiscard]] std::set<pid_t> with_descendants(const ProcessScan& scan, const std::set<pid_t>& roots);

/// True when the process's environment, as it was at exec, has NODE_ID=`node_id`. False when it may not be
/// read.
[[nodiscard]] bool belongs_by_environment(pid_t pid, const std::string& node_id);

/// Sends the signal by a pidfd that is verified to be `process`. False when that is gone.
bool signal_scanned(const ScannedProcess& process, int signal);

}  // namespace sutra::supervisor
