#include "supervisor/host/lock_holder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstdio>
#include <sstream>

#include "common/text.h"
#include "supervisor/host/kernel_file.h"

namespace sutra::supervisor {

// A line is "1: FLOCK  ADVISORY  WRITE 1234 00:1c:5678 0 EOF", the device numbers in hexadecimal (proc(5)). A
// process that waits for the lock has "->" before FLOCK, so the pattern does not match its line.
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
  const auto pid = flock_holder(read_kernel_file(AT_FDCWD, "/proc/locks"), found.st_dev, found.st_ino);
  if (!pid) return {};
  std::string name = read_kernel_file(AT_FDCWD, "/proc/" + std::to_string(*pid) + "/comm");
  if (!name.empty() && name.back() == '\n') name.pop_back();
  return "pid " + std::to_string(*pid) + (name.empty() ? "" : " (" + printable(name) + ")");
}

}  // namespace sutra::supervisor
