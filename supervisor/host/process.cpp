#include "supervisor/host/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include "common/errno_advice.h"
#include "supervisor/host/kernel_file.h"
#include "supervisor/host/process_stat.h"

namespace sutra::supervisor {
namespace {

constexpr unsigned long kPidfsMagic = 0x50494446;
constexpr std::uint64_t kNsPerSec = 1'000'000'000;

// The first version of struct pidfd_info of include/uapi/linux/pidfd.h (Linux 6.13; PIDFD_INFO_EXIT
// since 6.15), which is newer than the headers that we are built with.
struct PidfdInfo {
  std::uint64_t mask;
  std::uint64_t cgroup_id;
  std::uint32_t pid, tgid, ppid;
  std::uint32_t ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
  std::int32_t exit_code;  // as wait(2) reports it
};
static_assert(sizeof(PidfdInfo) == 64, "PIDFD_INFO_SIZE_VER0");
constexpr std::uint64_t kPidfdInfoExit = 1 << 3;
constexpr unsigned long kPidfdGetInfo = _IOWR(0xFF, 11, PidfdInfo);

/// Errors that say something about this host, and nothing about the process.
bool lacks_resources(int error) {
  return error == EMFILE || error == ENFILE || error == ENOMEM || error == EIO || error == EAGAIN;
}

std::uint64_t boottime_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * kNsPerSec + static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint64_t pidfd_inode(const UniqueFd& pidfd) {
  struct statfs where {};
  struct stat what {};
  // Before pidfs (Linux 6.9) all pidfds shared one anonymous inode, which identifies nothing.
  if (::fstatfs(pidfd.get(), &where) != 0 || static_cast<unsigned long>(where.f_type) != kPidfsMagic)
    return 0;
  return ::fstat(pidfd.get(), &what) == 0 ? what.st_ino : 0;
}

core::Exit exit_of_wait_status(int status) {
  core::Exit exit;
  exit.at_unix = std::time(nullptr);
  if (WIFEXITED(status)) {
    exit.cause = core::ExitCause::kExit;
    exit.code = WEXITSTATUS(status);
  } else if (WIFSIGNALED(status)) {
    exit.cause = core::ExitCause::kSignal;
    exit.signal = WTERMSIG(status);
  }
  return exit;
}

core::Exit exit_of_child(const siginfo_t& info) {
  core::Exit exit;
  exit.at_unix = std::time(nullptr);
  if (info.si_code == CLD_EXITED) {
    exit.cause = core::ExitCause::kExit;
    exit.code = info.si_status;
  } else {
    exit.cause = core::ExitCause::kSignal;
    exit.signal = info.si_status;
  }
  return exit;
}

// The exit status of a process that is not our child. Linux 6.15 and later keep it for pidfds, but only after
// the parent has reaped the process, a moment after its pidfd became readable. So the caller retries by a
// timer.
core::Exit exit_of_other_process(const UniqueFd& pidfd) {
  PidfdInfo info{};
  info.mask = kPidfdInfoExit;
  if (::ioctl(pidfd.get(), kPidfdGetInfo, &info) == 0 && (info.mask & kPidfdInfoExit) != 0)
    return exit_of_wait_status(info.exit_code);
  core::Exit unknown;
  unknown.at_unix = std::time(nullptr);
  return unknown;
}

}  // namespace

ProcessIdentity identify(pid_t pid, const UniqueFd& pidfd) {
  return {pid, boottime_ns(), pidfd_inode(pidfd), boot_id()};
}

Result<std::optional<UniqueFd>> find_process(const ProcessIdentity& identity) {
  const auto unknown = [&](const char* operation) {
    const int error = errno;
    return Error{operation, "process " + std::to_string(identity.pid), error, {}, errno_advice(error, {})};
  };
  const std::string boot = boot_id();
  if (!identity.boot_id.empty() && !boot.empty() && identity.boot_id != boot)
    return std::optional<UniqueFd>();
  if (identity.pid <= 0) return std::optional<UniqueFd>();
  UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, identity.pid, 0U)));
  if (!pidfd && lacks_resources(errno)) return unknown("open");
  if (!pidfd) return std::optional<UniqueFd>();
  const std::uint64_t inode = pidfd_inode(pidfd);
  const bool inodes_known = inode != 0 && identity.pidfd_inode != 0;
  if (inodes_known && inode != identity.pidfd_inode) return std::optional<UniqueFd>();
  // Read the start time after the pidfd is open: if the pid was reused before that, it is the new process's
  // start time, which is later than the stamp.
  errno = 0;
  const auto started = start_time_ns(identity.pid);
  if (!started && !inodes_known && lacks_resources(errno)) return unknown("read the start time of");
  if (started ? *started > identity.stamp_ns : !inodes_known) return std::optional<UniqueFd>();
  return std::optional<UniqueFd>(std::move(pidfd));
}

std::optional<UniqueFd> reopen(const ProcessIdentity& identity) {
  auto found = find_process(identity);
  return found ? std::move(found).value() : std::nullopt;
}

std::optional<std::uint64_t> start_time_ns(pid_t pid) {
  const auto stat = read_process_stat(pid);
  if (!stat) return std::nullopt;
  return ns_of_ticks(stat->start_ticks, static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK)));
}

std::string boot_id() {
  std::string text = read_kernel_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id");
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::optional<Ended> peek_exit(const UniqueFd& pidfd) {
  siginfo_t info{};
  const auto id = static_cast<id_t>(pidfd.get());
  while (::waitid(static_cast<idtype_t>(P_PIDFD), id, &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
    if (errno == EINTR) continue;
    // ECHILD: not our child. Its pidfd becomes readable when it ends (pidfd_open(2)).
    pollfd dead{pidfd.get(), POLLIN, 0};
    if (::poll(&dead, 1, 0) <= 0) return std::nullopt;
    return Ended{exit_of_other_process(pidfd), false};
  }
  if (info.si_pid == 0) return std::nullopt;
  return Ended{exit_of_child(info), true};
}

void reap(const UniqueFd& pidfd) {
  siginfo_t info{};
  const auto id = static_cast<id_t>(pidfd.get());
  while (::waitid(static_cast<idtype_t>(P_PIDFD), id, &info, WEXITED | WNOHANG) != 0 && errno == EINTR) {
  }
}

Status send_signal(const UniqueFd& pidfd, int signal) {
  if (::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0U) == 0 || errno == ESRCH) return {};
  return errno_error("send", "signal " + std::to_string(signal),
                     errno == EPERM ? "the agent needs CAP_KILL, or the process's own user" : "");
}

}  // namespace sutra::supervisor
