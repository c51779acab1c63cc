// Injects a fault at the n-th system call of a process: kills it there, or makes the call fail. Uses ptrace from a
// thread of its own, so that the test can talk to the process meanwhile. Linux on x86-64. Tests only.
#pragma once
#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <thread>

namespace sutra::faults {

/// A system call that is about to be made.
struct Call {
  pid_t thread = 0;
  long number = -1;
  std::array<std::uint64_t, 6> arguments{};
  /// What the descriptor in the first argument refers to, as /proc shows it: "/a/file", "socket:[7]".
  [[nodiscard]] std::string descriptor() const;
};

/// "openat"; "syscall 500" for one that has no name here.
[[nodiscard]] std::string call_name(long number);

enum class Subject {
  kProcess,   ///< the process's first thread, none of its children
  kThreads,   ///< all its threads
  kLauncher,  ///< the first child that it makes, until that becomes the program it was to launch
};

struct Plan {
  Subject subject = Subject::kProcess;
  std::uint64_t nth = 0;   ///< of the calls that count, from 1; 0: only counts them
  int error = 0;           ///< the call is not made and fails with it; 0: `signal` comes before the call
  int signal = 9;          ///< SIGKILL, or SIGSTOP
  bool from_exec = false;  ///< counts from the process's next execve on, not from now
  std::function<bool(const Call&)> counts{};  ///< unset: all calls count
};

/// False where a process of ours cannot be traced (no ptrace here, or another machine).
[[nodiscard]] bool can_trace();

/// The process is traced from construction until the fault is injected, it is dead or it is released. A dead process
/// stays a zombie; its parent reaps it.
class Tracer {
 public:
  Tracer(pid_t pid, Plan plan);
  ~Tracer();
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  struct Outcome {
    std::uint64_t counted = 0;  ///< calls that counted
    std::string injected_at;    ///< name of the n-th call; empty: there were fewer calls, no fault
    bool died = false;          ///< the traced process (with kLauncher: the launcher) is dead
    [[nodiscard]] bool injected() const { return !injected_at.empty(); }
  };
  /// The operation is over: releases the process as soon as it waits for an event.
  Outcome finish();
  [[nodiscard]] bool done() const { return done_; }

 private:
  struct Stop {
    pid_t pid;
    int status;
  };
  void run(const std::function<void()>& attached);
  void attach();
  bool wait_for_stop(Stop& stop);
  void on_stop(const Stop& stop);
  void on_call(pid_t thread);
  void on_entry(const Call& call);
  void on_event(const Stop& stop, int event);
  void inject(const Call& call);
  void go_on(pid_t thread, int signal);
  void let_go(pid_t thread);
  void let_go_of_all();
  [[nodiscard]] bool is_subject(pid_t thread) const;

  pid_t pid_;
  Plan plan_;
  Outcome outcome_;
  pid_t launcher_ = 0;
  int launcher_execs_ = 0;
  bool counting_ = false;
  bool failing_ = false;  ///< the call under way was replaced: its result comes next
  std::set<pid_t> traced_;
  std::set<pid_t> waiting_;  ///< threads within a call that waits for events
  std::atomic<bool> finishing_{false};
  std::atomic<bool> done_{false};
  std::thread thread_;
};

}  // namespace sutra::faults
