// Who holds the lock on a data directory. Supervisor.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstdio>
#include <sstream>

#include "common/node_id.h"
#include "supervisor/directories.h"

namespace sutra::supervisor {
namespace {

std::string read_whole(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  if (!file) return text;
  char chunk[4096];
  ssize_t got = 0;
  while ((got = ::read(file.get(), chunk, sizeof chunk)) > 0)
    text.append(chunk, static_cast<std::size_t>(got));
  return text;
}

}  // namespace

// A line is "1: FLOCK  ADVISORY  WRITE 1234 00:1c:5678 0 EOF", the device in hexadecimal; one that waits for
// the lock has "->" before the FLOCK.
std::optional<pid_t> flock_holder(const std::string& locks, dev_t device, ino_t inode) {
  std::istringstream lines(locks);
  for (std::string line; std::getline(lines, line);) {
    int pid = 0;
    unsigned major = 0, minor = 0;
    unsigned long number = 0;
    if (std::sscanf(line.c_str(), "%*d: FLOCK %*s %*s %d %x:%x:%lu", &pid, &major, &minor, &number) != 4)
      continue;
    if (pid > 0 && number == inode && makedev(major, minor) == device) return pid;
  }
  return std::nullopt;
}

std::string lock_holder(const UniqueFd& directory) {
  struct stat found {};
  if (::fstat(directory.get(), &found) != 0) return {};
  const auto pid = flock_holder(read_whole("/proc/locks"), found.st_dev, found.st_ino);
  if (!pid) return {};
  std::string name = read_whole("/proc/" + std::to_string(*pid) + "/comm");
  if (!name.empty() && name.back() == '\n') name.pop_back();
  return "pid " + std::to_string(*pid) + (name.empty() ? "" : " (" + printable(name) + ")");
}

}  // namespace sutra::supervisor
