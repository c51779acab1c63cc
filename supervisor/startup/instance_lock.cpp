#include "supervisor/startup/instance_lock.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace sutra::supervisor {

namespace {

constexpr int kTries = 100;
constexpr int kBetweenTriesMs = 10;

/// Retries for 1 s. When a supervisor is killed during a launch, the lock is released a moment after its
/// death: until the new launcher process has called close_range it shares the supervisor's descriptors.
bool lock_soon(int fd) {
  for (int i = 0; i < kTries; ++i) {
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
    if (errno != EWOULDBLOCK) return false;
    poll(nullptr, 0, kBetweenTriesMs);
  }
  errno = EWOULDBLOCK;
  return false;
}

}  // namespace

Result<UniqueFd> lock_directory(const std::string& directory, const std::string& what) {
  const std::string path = directory + "/agent.lock";
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd)
    return errno_error("open lock file", path, "make " + what + " writable, or choose another agent." + what);
  if (!lock_soon(fd.get())) {
    if (errno != EWOULDBLOCK) return errno_error("lock", path);
    std::array<char, 32> text{};
    const ssize_t n = pread(fd.get(), text.data(), text.size() - 1, 0);
    std::string pid(text.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
    while (!pid.empty() && (pid.back() < '0' || pid.back() > '9')) pid.pop_back();
    return make_error("start agent", "with " + what + " " + directory,
                      "another agent (pid " + (pid.empty() ? "unknown" : pid) + ") uses it",
                      "stop that one first, or give this one a " + what + " of its own");
  }
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(fd.get(), 0) != 0 || pwrite(fd.get(), pid.data(), pid.size(), 0) < 0) {
    return errno_error("write lock file", path);
  }
  return fd;
}

bool lock_is_in_place(const UniqueFd& lock, const std::string& directory) {
  struct stat ours {};
  struct stat there {};
  return fstat(lock.get(), &ours) == 0 && lstat((directory + "/agent.lock").c_str(), &there) == 0 &&
         ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

}  // namespace sutra::supervisor
