#include "tests/endurance/own_namespaces.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace sutra::endurance {
namespace {

constexpr const char* kInside = "SUTRA_OWN_NAMESPACES";

int decoded(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

bool set_number(const char* path, int value) {
  const int file = ::open(path, O_WRONLY | O_CLOEXEC);
  const std::string text = std::to_string(value);
  const bool written = file >= 0 && ::write(file, text.data(), text.size()) > 0;
  ::close(file);
  return written;
}

/// Loopback is down in a new network namespace.
bool raise_loopback() {
  const int any = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq loopback{};
  std::strcpy(loopback.ifr_name, "lo");
  loopback.ifr_flags = IFF_UP | IFF_RUNNING;
  const bool up = ::ioctl(any, SIOCSIFFLAGS, &loopback) == 0;
  ::close(any);
  return up;
}

/// The inner network namespace has a small table of connections: each start of a node reads all of it, and the host's
/// may have 262,144 entries (10 ms).
bool own_network() {
  (void)set_number("/proc/sys/net/ipv4/tcp_child_ehash_entries", 256);  // Linux 6.1
  return ::unshare(CLONE_NEWNET) == 0 && raise_loopback();
}

/// Process 1 of the namespace. When it ends the kernel kills all others.
[[noreturn]] void be_init(int pid_max, const std::string& filter) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0 || !own_network() ||
      (pid_max != 0 && !set_number("/proc/sys/kernel/pid_max", pid_max))) {
    std::perror("prepare the namespaces");
    ::_exit(125);
  }
  ::setenv(kInside, "1", 1);
  const pid_t test = ::fork();
  if (test == 0) {
    ::execl("/proc/self/exe", "endurance_tests", filter.c_str(), "--gtest_brief=1", nullptr);
    ::_exit(127);
  }
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, 0);
    if (ended == test) ::_exit(decoded(status));
    if (ended < 0 && errno != EINTR) ::_exit(126);
  }
}

}  // namespace

bool in_own_namespaces() { return std::getenv(kInside) != nullptr; }

const char* why_no_small_pid_namespace() {
  utsname kernel{};
  int major = 0, minor = 0;
  if (::uname(&kernel) != 0 || std::sscanf(kernel.release, "%d.%d", &major, &minor) != 2)
    return "the kernel's version is unknown";
  if (major < 6 || (major == 6 && minor < 14))
    return "before Linux 6.14 pid_max is the host's, not a namespace's";
  if (::geteuid() != 0) return "needs root for a pid namespace";
  return nullptr;
}

int run_in_own_namespaces(int pid_max) {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  const std::string filter = std::string("--gtest_filter=") + test->test_suite_name() + "." + test->name();
  std::fflush(stdout);
  clone_args arguments{};
  arguments.flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET;
  arguments.exit_signal = SIGCHLD;
  const auto init = static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
  if (init == 0) be_init(pid_max, filter);
  int status = 0;
  if (init < 0 || ::waitpid(init, &status, 0) != init) return -1;
  return decoded(status);
}

bool mount_memory(const std::string& directory) {
  return (::mkdir(directory.c_str(), 0755) == 0 || errno == EEXIST) &&
         ::mount("tmpfs", directory.c_str(), "tmpfs", 0, "mode=0755") == 0;
}

void unmount_memory(const std::string& directory) { ::umount2(directory.c_str(), MNT_DETACH); }

}  // namespace sutra::endurance
