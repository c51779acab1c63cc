#include "supervisor/launch/clone_child.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

#include "supervisor/launch/spec.h"

namespace sutra::supervisor {
namespace {

constexpr std::size_t kGuard = 65536;  // at least one page on every architecture
constexpr std::size_t kStack = 65536;
constexpr int kFlags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CLONE_FILES;

struct ChildStart {
  char* const* argv;
  char* const* envp;
  volatile int error;  // written by the child, in our memory
};

// Runs in the parent's memory (CLONE_VM) while the parent is suspended (CLONE_VFORK). Make only system calls
// here: a lock, an allocation, sanitizer code or a signal handler would change the parent's memory.
// CLONE_FILES shares the descriptor table; CLOSE_RANGE_UNSHARE (Linux 5.9) first copies what is to be kept,
// then closes the rest of the copy, so the parent's descriptors stay open.
__attribute__((no_sanitize("address", "thread", "undefined"), noinline)) int run_child(void* argument) {
  auto* start = static_cast<ChildStart*>(argument);
  if (::syscall(SYS_close_range, static_cast<unsigned>(launch::kFirstClosed), ~0U, CLOSE_RANGE_UNSHARE) ==
      0) {
    ::syscall(SYS_execveat, static_cast<int>(launch::kSlotLauncher), "", start->argv, start->envp,
              AT_EMPTY_PATH);
  }
  start->error = errno;
  return 127;
}

// Uses the system call directly: the C library's sigprocmask leaves its two internal signals unblocked.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() { ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &kAll, &before_, sizeof before_); }
  ~AllSignalsBlocked() { ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before_, nullptr, sizeof before_); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  static constexpr std::uint64_t kAll = ~std::uint64_t{0};
  std::uint64_t before_ = 0;
};

#if defined(__x86_64__)
constexpr bool kHaveClone3 = true;

// In assembly, because the child starts on an empty stack: there is no frame to return to, so it must call
// `run` and exit without using the stack of the caller.
__attribute__((no_sanitize("address", "thread", "undefined"), noinline)) long clone3_on_stack(
    clone_args* arguments, int (*run)(void*), void* argument) {
  register int (*run_in)(void*) __asm__("r12") = run;
  register void* argument_in __asm__("r13") = argument;
  long result;
  __asm__ volatile(
      "syscall\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xor %%ebp, %%ebp\n\t"
      "mov %%r13, %%rdi\n\t"
      "call *%%r12\n\t"
      "mov %%eax, %%edi\n\t"
      "mov %[exit], %%eax\n\t"
      "syscall\n\t"
      "hlt\n\t"
      "1:"
      : "=a"(result)
      : "0"(long{SYS_clone3}), "D"(arguments), "S"(sizeof *arguments), "r"(run_in),
        "r"(argument_in), [exit] "i"(SYS_exit)
      : "rcx", "r11", "memory", "cc");
  return result;
}
#else
constexpr bool kHaveClone3 = false;
long clone3_on_stack(clone_args*, int (*)(void*), void*) { return -ENOSYS; }
#endif

long start_clone3(const ChildStack& stack, int cgroup_fd, ChildStart& start, int& pidfd) {
  clone_args arguments{};
  arguments.flags = static_cast<unsigned>(kFlags);
  arguments.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
  arguments.exit_signal = SIGCHLD;
  arguments.stack = reinterpret_cast<std::uintptr_t>(stack.bottom());
  arguments.stack_size = ChildStack::size();
  if (cgroup_fd >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<unsigned>(cgroup_fd);
  }
  return clone3_on_stack(&arguments, run_child, &start);
}

long start_clone(const ChildStack& stack, ChildStart& start, int& pidfd) {
  const int pid = ::clone(run_child, stack.top(), kFlags | SIGCHLD, &start, &pidfd);
  return pid < 0 ? -errno : pid;
}

}  // namespace

Result<ChildStack> ChildStack::map() {
  void* mapping = ::mmap(nullptr, kGuard + kStack, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (mapping == MAP_FAILED) return errno_error("map", "a stack for children", "free some memory");
  ChildStack stack(mapping);
  if (::mprotect(mapping, kGuard, PROT_NONE) != 0) return errno_error("protect", "the stack for children");
  return stack;
}

ChildStack::ChildStack(ChildStack&& other) noexcept : mapping_(std::exchange(other.mapping_, nullptr)) {}
ChildStack::~ChildStack() {
  if (mapping_ != nullptr) ::munmap(mapping_, kGuard + kStack);
}
void* ChildStack::bottom() const { return static_cast<char*>(mapping_) + kGuard; }
void* ChildStack::top() const { return static_cast<char*>(bottom()) + kStack; }
std::size_t ChildStack::size() { return kStack; }

CloneOutcome clone_launcher(const ChildStack& stack, CloneCall call, int cgroup_fd) {
  static char name[] = "sutra-node-launch";
  char* const argv[] = {name, nullptr};
  char* const envp[] = {nullptr};
  ChildStart start{argv, envp, 0};
  int pidfd = -1;
  long pid = 0;
  {
    const AllSignalsBlocked blocked;  // a handler of ours must never run in the child, on our memory
    pid = call == CloneCall::kClone3 ? start_clone3(stack, cgroup_fd, start, pidfd)
                                     : start_clone(stack, start, pidfd);
  }
  CloneOutcome outcome;
  if (pid < 0) {
    outcome.clone_error = static_cast<int>(-pid);
    return outcome;
  }
  outcome.pidfd = UniqueFd(pidfd);
  // The child has ended without exec: reap it here, the caller gets no pid.
  if (start.error != 0) {
    siginfo_t ignored{};
    while (::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd), &ignored, WEXITED) < 0 &&
           errno == EINTR) {
    }
    outcome.pidfd.reset();
    outcome.exec_error = start.error;
    return outcome;
  }
  outcome.pid = static_cast<pid_t>(pid);
  return outcome;
}

bool clone3_is_there() {
  if (!kHaveClone3) return false;
  // A kernel that knows the call refuses an argument block of size 0 with EINVAL, and starts nothing.
  return ::syscall(SYS_clone3, nullptr, std::size_t{0}) < 0 && errno != ENOSYS && errno != EPERM;
}

}  // namespace sutra::supervisor
