#include "tests/chaos/process_view.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>

namespace sutra::chaos {
namespace {

std::string proc(pid_t pid, const std::string& name) { return "/proc/" + std::to_string(pid) + "/" + name; }

// Fields of /proc/PID/stat after the name, the state being the first.
enum Field {
  kState,
  kParent,
  kGroup,
  kSession,
  kStartTime = 19,
  kStartStack = 25,
  kArgStart = 45,
  kEnvStart = 47
};

}  // namespace

std::optional<ProcessStat> read_stat(pid_t pid) {
  const UniqueFd file(::open(proc(pid, "stat").c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  char text[2048];
  const ssize_t got = ::read(file.get(), text, sizeof text - 1);
  if (got <= 0) return std::nullopt;
  text[got] = '\0';
  char* at = std::strrchr(text, ')');
  if (at == nullptr) return std::nullopt;
  ProcessStat stat;
  stat.pid = pid;
  at += 2;
  for (int field = kState; *at != '\0' && field <= kEnvStart; ++field) {
    if (field == kState) stat.state = *at;
    const std::uint64_t value = field == kState ? 0 : std::strtoull(at, nullptr, 10);
    if (field == kParent) stat.parent = static_cast<pid_t>(value);
    if (field == kSession) stat.session = static_cast<pid_t>(value);
    if (field == kStartTime) stat.start_ticks = value;
    if (field == kStartStack) stat.image.stack = value;
    if (field == kArgStart) stat.image.arguments = value;
    if (field == kEnvStart) stat.image.environment = value;
    at = std::strchr(at, ' ');
    if (at == nullptr) break;
    ++at;
  }
  return stat;
}

std::vector<pid_t> all_pids() {
  std::vector<pid_t> pids;
  DIR* directory = ::opendir("/proc");
  if (directory == nullptr) return pids;
  while (const dirent* entry = ::readdir(directory)) {
    if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9') pids.push_back(std::atoi(entry->d_name));
  }
  ::closedir(directory);
  return pids;
}

std::vector<pid_t> children_of(pid_t pid) {
  std::ifstream file(proc(pid, "task/" + std::to_string(pid) + "/children"));
  std::vector<pid_t> children;
  for (pid_t child = 0; file >> child;) children.push_back(child);
  return children;
}

std::string link_of(pid_t pid, const std::string& name) {
  char target[4096];
  const ssize_t n = ::readlink(proc(pid, name).c_str(), target, sizeof target);
  return n > 0 ? std::string(target, static_cast<std::size_t>(n)) : std::string();
}

std::string environment_of(pid_t pid, const std::string& variable) {
  std::ifstream file(proc(pid, "environ"));
  for (std::string entry; std::getline(file, entry, '\0');) {
    if (entry.starts_with(variable + "=")) return entry.substr(variable.size() + 1);
  }
  return {};
}

std::string name_of(pid_t pid) {
  std::string name;
  std::ifstream file(proc(pid, "comm"));
  std::getline(file, name);
  return name;
}

std::size_t open_fds(pid_t pid) {
  std::size_t count = 0;
  DIR* directory = ::opendir(proc(pid, "fd").c_str());
  if (directory == nullptr) return 0;
  while (const dirent* entry = ::readdir(directory)) count += entry->d_name[0] != '.' ? 1 : 0;
  ::closedir(directory);
  return count;
}

std::uint64_t memory_kib(pid_t pid, const std::string& which) {
  std::ifstream file(proc(pid, "smaps_rollup"));
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(which + ":")) return std::strtoull(line.c_str() + which.size() + 1, nullptr, 10);
  }
  return 0;
}

UniqueFd open_process(pid_t pid, std::uint64_t start_ticks) {
  UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
  if (!pidfd) return {};
  const auto stat = read_stat(pid);
  return stat && stat->start_ticks == start_ticks ? std::move(pidfd) : UniqueFd();
}

bool signal_process(const UniqueFd& pidfd, int signum) {
  return pidfd && ::syscall(SYS_pidfd_send_signal, pidfd.get(), signum, nullptr, 0U) == 0;
}

}  // namespace sutra::chaos
