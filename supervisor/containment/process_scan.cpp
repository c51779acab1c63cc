#include "supervisor/containment/process_scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "common/unique_fd.h"
#include "supervisor/host/kernel_file.h"
#include "supervisor/host/process.h"

namespace sutra::supervisor {
ProcessScan scan_processes() {
  ProcessScan scan;
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), ::closedir);
  if (!proc) return scan;
  while (const dirent* entry = ::readdir(proc.get())) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    const auto pid = static_cast<pid_t>(std::strtol(entry->d_name, nullptr, 10));
    const auto process = read_process_stat(pid);
    if (process && process->alive()) scan.emplace(pid, *process);
  }
  return scan;
}

std::set<pid_t> with_descendants(const ProcessScan& scan, const std::set<pid_t>& roots) {
  std::multimap<pid_t, pid_t> children;
  for (const auto& [pid, process] : scan) children.emplace(process.parent, pid);
  std::set<pid_t> found;
  std::set<pid_t> frontier = roots;
  while (!frontier.empty()) {
    const pid_t pid = *frontier.begin();
    frontier.erase(frontier.begin());
    if (!found.insert(pid).second) continue;
    const auto [first, last] = children.equal_range(pid);
    for (auto child = first; child != last; ++child) frontier.insert(child->second);
  }
  std::erase_if(found, [&scan](pid_t pid) { return !scan.contains(pid); });
  return found;
}

bool belongs_by_environment(pid_t pid, const std::string& node_id) {
  const std::string environment =
      '\0' + read_kernel_file(AT_FDCWD, "/proc/" + std::to_string(pid) + "/environ");
  const std::string wanted = std::string("\0NODE_ID=", 9) + node_id + '\0';
  return environment.find(wanted) != std::string::npos;
}

bool signal_scanned(const ProcessStat& process, int signal) {
  const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0U)));
  if (!pidfd) return false;
  // Compare the start time after the pidfd is open: if the pid was reused before that, the start time
  // differs.
  const auto now = read_process_stat(process.pid);
  if (!now || !now->alive() || now->start_ticks != process.start_ticks) return false;
  return send_signal(pidfd, signal).ok();
}

}  // namespace sutra::supervisor
