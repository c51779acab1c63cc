#include "tests/faults/tracer.h"

#include <elf.h>
#include <pthread.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <filesystem>

namespace sutra::faults {
namespace {

constexpr long kOptions = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC;
constexpr int kSystemCallStop = SIGTRAP | 0x80;

bool waits_for_events(long number) {
  return number == SYS_epoll_wait || number == SYS_epoll_pwait || number == SYS_poll || number == SYS_ppoll ||
         number == SYS_futex || number == SYS_epoll_pwait2;
}

/// Interrupts a wait of the tracing thread.
constexpr int kWake = SIGUSR2;

}  // namespace

std::string Call::descriptor() const {
  std::error_code none;
  return std::filesystem::read_symlink(
             "/proc/" + std::to_string(thread) + "/fd/" + std::to_string(static_cast<int>(arguments[0])),
             none)
      .string();
}

bool can_trace() {
#if defined(__x86_64__)
  const pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  if (child < 0) return false;
  const bool possible = ptrace(PTRACE_SEIZE, child, nullptr, kOptions) == 0;
  ::kill(child, SIGKILL);
  waitpid(child, nullptr, __WALL);
  return possible;
#else
  return false;
#endif
}

Tracer::Tracer(pid_t pid, Plan plan) : pid_(pid), plan_(std::move(plan)) {
  struct sigaction wake {};
  wake.sa_handler = [](int) {};  // without SA_RESTART: waitid returns
  sigaction(kWake, &wake, nullptr);
  std::promise<void> attached;
  thread_ = std::thread([&] { run([&] { attached.set_value(); }); });
  attached.get_future().wait();
}

Tracer::~Tracer() { (void)finish(); }

Tracer::Outcome Tracer::finish() {
  finishing_ = true;
  while (thread_.joinable() && !done_) {
    pthread_kill(thread_.native_handle(), kWake);
    const timespec pause{0, 2'000'000};
    nanosleep(&pause, nullptr);
  }
  if (thread_.joinable()) thread_.join();
  return outcome_;
}

void Tracer::run(const std::function<void()>& attached) {
  attach();
  attached();
  for (Stop stop{}; !traced_.empty() && wait_for_stop(stop);) on_stop(stop);
  done_ = true;
}

void Tracer::attach() {
  long options = kOptions;
  if (plan_.subject == Subject::kThreads) options |= PTRACE_O_TRACECLONE;
  if (plan_.subject == Subject::kLauncher)
    options |= PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK;
  std::set<pid_t> threads{pid_};
  if (plan_.subject == Subject::kThreads) {
    std::error_code gone;
    for (const auto& task :
         std::filesystem::directory_iterator("/proc/" + std::to_string(pid_) + "/task", gone))
      threads.insert(std::atoi(task.path().filename().c_str()));
  }
  for (const pid_t thread : threads) {
    if (ptrace(PTRACE_SEIZE, thread, nullptr, options) != 0) continue;
    traced_.insert(thread);
    ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr);
  }
  counting_ = !plan_.from_exec;
}

/// False: nothing is left to trace. The end of the process itself is only looked at, for its parent to reap.
bool Tracer::wait_for_stop(Stop& stop) {
  for (;;) {
    siginfo_t info{};
    if (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | __WALL | __WNOTHREAD | WNOWAIT) != 0) {
      if (errno != EINTR) return false;
      const bool dying = outcome_.injected() && plan_.error == 0;  // its end is on its way
      const bool quiet =
          plan_.subject == Subject::kLauncher ? launcher_ == 0 : waiting_.size() == traced_.size();
      if (finishing_ && quiet && !dying) let_go_of_all();
      if (traced_.empty()) return false;
      continue;
    }
    const bool ended = info.si_code == CLD_EXITED || info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED;
    if (ended && info.si_pid == pid_) {
      if (plan_.subject != Subject::kLauncher) outcome_.died = true;
      return false;
    }
    stop.pid = waitpid(info.si_pid, &stop.status, __WALL | __WNOTHREAD);
    if (stop.pid > 0) return true;
  }
}

bool Tracer::is_subject(pid_t thread) const {
  return plan_.subject == Subject::kLauncher ? thread == launcher_ : true;
}

void Tracer::on_stop(const Stop& stop) {
  if (!WIFSTOPPED(stop.status)) {
    traced_.erase(stop.pid);
    waiting_.erase(stop.pid);
    if (stop.pid == launcher_) {
      outcome_.died = true;
      let_go_of_all();
    }
    return;
  }
  traced_.insert(stop.pid);
  const int event = stop.status >> 16;
  if (event != 0) return on_event(stop, event);
  if (WSTOPSIG(stop.status) == kSystemCallStop) return on_call(stop.pid);
  go_on(stop.pid, WSTOPSIG(stop.status));
}

void Tracer::on_event(const Stop& stop, int event) {
  // The child may be seen before the parent's report of it.
  if (plan_.subject == Subject::kLauncher && stop.pid != pid_ && launcher_ == 0) launcher_ = stop.pid;
  if (event == PTRACE_EVENT_EXEC) {
    if (stop.pid == pid_) counting_ = true;
    // The launcher is a child in its parent's memory, then the launcher, then the program.
    if (stop.pid == launcher_ && ++launcher_execs_ == 2) {
      let_go(stop.pid);
      return let_go_of_all();
    }
  }
  if (plan_.subject == Subject::kLauncher && stop.pid != pid_ && stop.pid != launcher_)
    return let_go(stop.pid);
  go_on(stop.pid, 0);
}

void Tracer::on_call(pid_t thread) {
  __ptrace_syscall_info info{};
  if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0) return go_on(thread, 0);
  if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
    waiting_.erase(thread);
#if defined(__x86_64__)
    if (failing_) {
      user_regs_struct registers{};
      ptrace(PTRACE_GETREGS, thread, nullptr, &registers);
      registers.rax = static_cast<unsigned long long>(-static_cast<long long>(plan_.error));
      ptrace(PTRACE_SETREGS, thread, nullptr, &registers);
      return let_go_of_all();
    }
#endif
  } else if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
    Call call;
    call.thread = thread;
    call.number = static_cast<long>(info.entry.nr);
    for (std::size_t i = 0; i < call.arguments.size(); ++i) call.arguments[i] = info.entry.args[i];
    if (waits_for_events(call.number)) waiting_.insert(thread);
    on_entry(call);
  }
  go_on(thread, 0);
}

void Tracer::on_entry(const Call& call) {
  if (!counting_ || outcome_.injected() || !is_subject(call.thread)) return;
  if (plan_.counts && !plan_.counts(call)) return;
  if (++outcome_.counted == plan_.nth) inject(call);
}

void Tracer::inject(const Call& call) {
  outcome_.injected_at = call_name(call.number);
  if (plan_.error == 0) {
    ::kill(plan_.subject == Subject::kLauncher ? launcher_ : pid_, plan_.signal);
    if (plan_.signal != SIGKILL) let_go_of_all();
    return;
  }
#if defined(__x86_64__)
  // No call has this number, so the kernel does nothing; what it then returns is replaced.
  user_regs_struct registers{};
  ptrace(PTRACE_GETREGS, call.thread, nullptr, &registers);
  registers.orig_rax = ~0ULL;
  ptrace(PTRACE_SETREGS, call.thread, nullptr, &registers);
  failing_ = true;
#endif
}

void Tracer::go_on(pid_t thread, int signal) {
  if (!traced_.contains(thread)) return;
  // A launcher's parent is not slowed down.
  const bool calls = plan_.subject != Subject::kLauncher || thread == launcher_;
  ptrace(calls ? PTRACE_SYSCALL : PTRACE_CONT, thread, nullptr, signal);
}

void Tracer::let_go(pid_t thread) {
  ptrace(PTRACE_DETACH, thread, nullptr, nullptr);
  traced_.erase(thread);
  waiting_.erase(thread);
}

/// Stops each that runs, for only a stopped one can be let go.
void Tracer::let_go_of_all() {
  for (const pid_t thread : std::set<pid_t>(traced_)) {
    if (ptrace(PTRACE_DETACH, thread, nullptr, nullptr) != 0) {
      ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr);
      int status = 0;
      siginfo_t info{};
      // The end of the process itself is for its parent to see.
      if (waitid(P_PID, static_cast<id_t>(thread), &info,
                 WEXITED | WSTOPPED | __WALL | __WNOTHREAD | WNOWAIT) == 0 &&
          (thread != pid_ || info.si_code == CLD_TRAPPED || info.si_code == CLD_STOPPED)) {
        waitpid(thread, &status, __WALL | __WNOTHREAD);
      }
      const bool signalled = WIFSTOPPED(status) && (status >> 16) == 0 && WSTOPSIG(status) != kSystemCallStop;
      ptrace(PTRACE_DETACH, thread, nullptr, signalled ? WSTOPSIG(status) : 0);
    }
    traced_.erase(thread);
    waiting_.erase(thread);
  }
}

}  // namespace sutra::faults
