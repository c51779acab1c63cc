#include "tests/endurance/decoy_processes.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <set>

namespace sutra::endurance {
namespace {

constexpr int kSignalled = 100;  // exit status of a decoy that a signal reached: this + its number
constexpr int kFinish = -1;

/// fork(), with this pid unless it is 0.
pid_t fork_as(pid_t number) {
  const std::uint64_t wanted = static_cast<std::uint64_t>(number);
  clone_args arguments{};
  arguments.exit_signal = SIGCHLD;
  if (number != 0) {
    arguments.set_tid = reinterpret_cast<std::uintptr_t>(&wanted);
    arguments.set_tid_size = 1;
  }
  return static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
}

/// All signals were blocked before the fork. SIGKILL and SIGSTOP are noticed by the parent.
[[noreturn]] void be_decoy(int lifetime_ms) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setsid();  // so that a signal to a process group with this number reaches it, too
  sigset_t all;
  sigfillset(&all);
  const timespec lifetime{lifetime_ms / 1000, lifetime_ms % 1000 * 1'000'000L};
  const int signum = ::sigtimedwait(&all, nullptr, &lifetime);
  ::_exit(signum > 0 ? kSignalled + signum : 0);
}

/// The state of the parent process; one thread.
class DecoyParent {
 public:
  DecoyParent(DecoyCounts& counts, const std::string& start_log)
      : counts_(counts), start_log_(::open(start_log.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0600)) {}

  /// 0 or an errno.
  int add(pid_t number, int lifetime_ms) {
    const pid_t decoy = fork_as(number);
    if (decoy == 0) be_decoy(lifetime_ms);
    if (decoy < 0) return errno;
    ++alive_;
    ++counts_.decoys;
    if (number != 0) ++counts_.with_the_recorded;
    read_start_log();
    if (number != 0 || dead_.contains(decoy)) ++counts_.with_a_dead_number;
    return 0;
  }

  void reap() {
    int status = 0;
    for (pid_t decoy = 0; (decoy = ::waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0;) {
      if (!WIFSTOPPED(status)) --alive_;
      if (WIFEXITED(status) && WEXITSTATUS(status) == 0) continue;
      ++counts_.signalled;
      counts_.last_signalled = decoy;
      counts_.last_signal = WIFSTOPPED(status)    ? WSTOPSIG(status)
                            : WIFSIGNALED(status) ? WTERMSIG(status)
                                                  : WEXITSTATUS(status) - kSignalled;
    }
  }
  [[nodiscard]] std::size_t alive() const { return alive_; }

 private:
  // Pids that servers had. A pid that is given out again belonged to a dead server.
  void read_start_log() {
    char buffer[1 << 16];
    for (ssize_t n = 0; (n = ::read(start_log_.get(), buffer, sizeof buffer)) > 0;) {
      for (ssize_t i = 0; i < n; ++i) {
        if (buffer[i] == ' ') {
          in_number_ = true;
          number_ = 0;
        } else if (buffer[i] == '\n') {
          if (in_number_) dead_.insert(number_);
          in_number_ = false;
        } else if (in_number_) {
          number_ = number_ * 10 + (buffer[i] - '0');
        }
      }
    }
  }

  DecoyCounts& counts_;
  UniqueFd start_log_;
  std::size_t alive_ = 0;
  std::set<pid_t> dead_;
  bool in_number_ = false;
  pid_t number_ = 0;
};

}  // namespace

DecoyProcesses::DecoyProcesses(std::size_t population, const std::string& start_log) {
  void* shared =
      ::mmap(nullptr, sizeof(DecoyCounts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) std::abort();
  counts_ = new (shared) DecoyCounts;
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) std::abort();
  requests_.reset(pair[0]);
  UniqueFd theirs(pair[1]);
  parent_ = ::fork();
  if (parent_ == 0) {
    requests_.reset();
    run(std::move(theirs), population, start_log);
  }
}

void DecoyProcesses::run(UniqueFd requests, std::size_t population, const std::string& start_log) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t all;
  sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  DecoyParent parent(*counts_, start_log);
  unsigned random = 1;
  bool finishing = false;
  for (;;) {
    pollfd asked{requests.get(), POLLIN, 0};
    if (::poll(&asked, 1, 2) > 0) {
      Request request;
      if (::recv(requests.get(), &request, sizeof request, 0) != sizeof request) ::_exit(0);
      int answer = 0;
      if (request.number == kFinish) {
        finishing = true;
      } else {
        answer = parent.add(request.number, request.lifetime_ms);
      }
      (void)!::send(requests.get(), &answer, sizeof answer, MSG_NOSIGNAL);
    }
    parent.reap();
    if (finishing && parent.alive() == 0) ::_exit(0);
    // 50 ms to 1 s: some live during several recoveries, most do not.
    while (!finishing && parent.alive() < population &&
           parent.add(0, 50 + static_cast<int>((random = random * 1664525U + 1013904223U) >> 16) % 950) ==
               0) {
    }
  }
}

int DecoyProcesses::ask(const Request& request) {
  int answer = EPIPE;
  if (::send(requests_.get(), &request, sizeof request, MSG_NOSIGNAL) != sizeof request) return EPIPE;
  return ::recv(requests_.get(), &answer, sizeof answer, 0) == sizeof answer ? answer : EPIPE;
}

bool DecoyProcesses::take(pid_t number, std::chrono::milliseconds lifetime) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  while (ask({number, static_cast<int>(lifetime.count())}) != 0) {
    if (std::chrono::steady_clock::now() > until) return false;
    ::poll(nullptr, 0, 1);
  }
  return true;
}

void DecoyProcesses::finish() {
  if (parent_ <= 0) return;
  (void)ask({kFinish, 0});
  ::waitpid(parent_, nullptr, 0);
  parent_ = 0;
}

DecoyProcesses::~DecoyProcesses() {
  if (parent_ > 0) {
    ::kill(parent_, SIGKILL);  // our child; its decoys end with it
    ::waitpid(parent_, nullptr, 0);
  }
  ::munmap(counts_, sizeof *counts_);
}

}  // namespace sutra::endurance
