#include "supervisor/containment/process_scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "common/unique_fd.h"
#include "supervisor/host/kernel_file.h"
#include "supervisor/host/process.h"

namespace sutra::supervisor {
namespace {

std::string read_proc_file(pid_t pid, const char* name) {
  return read_kernel_file(AT_FDCWD, "/proc/" + std::to_string(pid) + "/" + name);
}

}  // namespace

std::optional<ScannedProcess> parse_process_stat(const std::string& stat) {
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  ScannedProcess process;
  char state = 0;
  process.pid = static_cast<pid_t>(std::strtol(stat.c_str(), nullptr, 10));
  // Fields 3 to 22; those between session and the start time are of no interest here.
  const int read =
      std::sscanf(stat.c_str() + name_end + 1,
                  " %c %d %*d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %" SCNu64,
                  &state, &process.parent, &process.session, &process.start_ticks);
  if (read != 4 || process.pid <= 0 || state == 'Z' || state == 'X') return std::nullopt;
  return process;
}

ProcessScan scan_processes() {
  ProcessScan scan;
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), ::closedir);
  if (!proc) return scan;
  while (const dirent* entry = ::readdir(proc.get())) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    const auto pid = static_cast<pid_t>(std::strtol(entry->d_name, nullptr, 10));
    if (const auto process = parse_process_stat(read_proc_file(pid, "stat"))) scan.emplace(pid, *process);
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
  const std::string environment = '\0' + read_proc_file(pid, "environ");
  const std::string wanted = std::string("\0NODE_ID=", 9) + node_id + '\0';
  return environment.find(wanted) != std::string::npos;
}

bool signal_scanned(const ScannedProcess& process, int signal) {
  const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0U)));
  if (!pidfd) return false;
  const auto now = parse_process_stat(read_proc_file(process.pid, "stat"));
  if (!now || now->start_ticks != process.start_ticks) return false;
  return send_signal(pidfd, signal).ok();
}

}  // namespace sutra::supervisor
