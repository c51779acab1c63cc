#include "supervisor/containment/cgroup_tree.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <set>
#include <sstream>
#include <utility>

#include "supervisor/containment/cgroup_directory.h"
#include "supervisor/containment/cgroup_root.h"
#include "supervisor/host/kernel_file.h"
#include "supervisor/host/process.h"

namespace sutra::supervisor {
namespace {

constexpr int kMaxPasses = 16;  // bounds the work on a tree that forks all the time; the caller looks again

std::set<pid_t> processes_in(int directory_fd) {
  std::set<pid_t> pids;
  std::istringstream text(read_kernel_file(directory_fd, "cgroup.procs"));
  for (pid_t pid = 0; text >> pid;) {
    if (pid > 0) pids.insert(pid);  // 0: a process outside of our pid namespace (cgroups(7))
  }
  return pids;
}

}  // namespace

CgroupTree::CgroupTree(int root_fd, std::string name)
    : root_fd_(root_fd),
      name_(std::move(name)),
      directory_(::openat(root_fd, name_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) {
  if (directory_) events_.reset(::openat(directory_.get(), "cgroup.events", O_RDONLY | O_CLOEXEC));
}

bool CgroupTree::populated() {
  if (!events_) return false;
  char text[256];
  const ssize_t got = ::pread(events_.get(), text, sizeof text, 0);
  if (got < 0) return errno != ENODEV;  // ENODEV: the cgroup is removed, so it was empty
  return value_of(std::string(text, static_cast<std::size_t>(got)), "populated").value_or(1) != 0;
}

void CgroupTree::signal_all(int signal) {
  if (!directory_) return;
  std::set<pid_t> told;
  for (int pass = 0; pass < kMaxPasses; ++pass) {
    std::map<pid_t, UniqueFd> opened;
    for (const pid_t pid : processes_in(directory_.get())) {
      if (told.contains(pid)) continue;
      UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
      if (pidfd) opened.emplace(pid, std::move(pidfd));
    }
    if (opened.empty()) return;
    // List again after the pidfds are open. A pid of the first list may have been reused before its pidfd was
    // opened; a pid that is in the second list too, and whose pidfd is alive, is a process of this cgroup.
    const std::set<pid_t> still = processes_in(directory_.get());
    for (const auto& [pid, pidfd] : opened) {
      if (still.contains(pid)) (void)send_signal(pidfd, signal);
      told.insert(pid);
    }
  }
}

void CgroupTree::terminate() { signal_all(SIGTERM); }

void CgroupTree::kill() {
  killed_ = true;
  if (!directory_) return;
  // cgroup.kill (Linux 5.14) kills all processes at once, so none can escape by fork. The loop is the
  // fallback.
  if (!write_cgroup_file(directory_.get(), "cgroup.kill", "1")) signal_all(SIGKILL);
}

void CgroupTree::repeat_kill() {
  if (killed_) kill();
}

bool CgroupTree::oom_killed() const {
  if (!directory_) return false;
  return value_of(read_kernel_file(directory_.get(), "memory.events"), "oom_kill").value_or(0) > 0;
}

bool CgroupTree::remove() { return !exists() || remove_cgroup(root_fd_, name_); }

}  // namespace sutra::supervisor
