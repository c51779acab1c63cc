#include "tests/chaos/decoys.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace sutra::chaos {
namespace {

constexpr int kSignalsFd = 3;

/// fork(), or with a pid of our choice where the kernel and our rights allow it.
pid_t fork_as(pid_t pid) {
  if (pid == 0) return ::fork();
  const std::uint64_t wanted = static_cast<std::uint64_t>(pid);
  clone_args arguments{};
  arguments.exit_signal = SIGCHLD;
  arguments.set_tid = reinterpret_cast<std::uintptr_t>(&wanted);
  arguments.set_tid_size = 1;
  return static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
}

}  // namespace

void run_decoy(const char* name) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_NAME, name);
  ::setsid();
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, nullptr);
  const unsigned char ready = 0;
  (void)!::write(kSignalsFd, &ready, 1);
  for (;;) {
    const int signum = sigwaitinfo(&all, nullptr);
    const auto byte = static_cast<unsigned char>(signum);
    if (signum > 0) (void)!::write(kSignalsFd, &byte, 1);
  }
}

bool Decoys::add(const std::string& name, const std::string& node, const std::string& working_directory,
                 pid_t pid) {
  int pipe_fds[2];
  if (::pipe2(pipe_fds, O_CLOEXEC) != 0) return false;
  UniqueFd ours(pipe_fds[0]);
  UniqueFd theirs(pipe_fds[1]);
  // All strings are made before the fork: other threads may hold the allocator's lock.
  const std::string id = "NODE_ID=" + node;
  const char* const argv[] = {name.c_str(), "--decoy", "--node-id", node.c_str(), nullptr};
  const char* const envp[] = {id.c_str(), nullptr};
  const char* const cwd = working_directory.c_str();
  const pid_t child = fork_as(pid);
  if (child < 0) return false;
  if (child == 0) {
    if (::chdir(cwd) != 0 || ::dup2(theirs.get(), kSignalsFd) < 0) ::_exit(126);
    ::execve("/proc/self/exe", const_cast<char* const*>(argv), const_cast<char* const*>(envp));
    ::_exit(127);
  }
  theirs.reset();  // so that the read below ends if the decoy dies
  unsigned char ready = 1;
  if (::read(ours.get(), &ready, 1) != 1) {  // its signals are blocked: from now on each is counted
    ::waitpid(child, nullptr, 0);
    return false;
  }
  ::fcntl(ours.get(), F_SETFL, O_NONBLOCK);
  decoys_.push_back({child, std::move(ours),
                     "decoy " + name + " (pid " + std::to_string(child) + ", NODE_ID=" + node + ", in " +
                         working_directory + (pid != 0 ? ", with the pid of a dead server)" : ")"),
                     false});
  return true;
}

void Decoys::check() {
  for (Decoy& decoy : decoys_) {
    if (decoy.over) continue;
    for (unsigned char byte = 0; ::read(decoy.signals.get(), &byte, 1) == 1;)
      journal_.violation("foreign process signalled",
                         decoy.what + " received signal " + std::to_string(byte));
    int status = 0;
    if (::waitpid(decoy.pid, &status, WNOHANG | WUNTRACED) != decoy.pid) continue;
    decoy.over = !WIFSTOPPED(status);
    const int signum = WIFSTOPPED(status) ? WSTOPSIG(status) : WTERMSIG(status);
    journal_.violation(
        "foreign process signalled",
        decoy.what + (decoy.over ? " was killed" : " was stopped") + " by signal " + std::to_string(signum));
  }
}

Decoys::~Decoys() {
  for (const Decoy& decoy : decoys_) {
    if (decoy.over) continue;
    ::kill(decoy.pid, SIGKILL);  // our child, not yet reaped: the number is its own
    ::waitpid(decoy.pid, nullptr, 0);
  }
}

}  // namespace sutra::chaos
