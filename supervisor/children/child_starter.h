// Interface to start our helper processes: comms, the configuration check of a reload, logrotate. (Storage
// servers are started by nodes/.) Unit tests implement it without starting a process. Supervisor, one thread.
#pragma once
#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>

#include "common/result.h"
#include "supervisor/core/node.h"
#include "supervisor/launch/spawn.h"

namespace sutra::supervisor {

/// A running child process. It becomes invalid when ChildStarter::Ended is called. Destroying it earlier only
/// stops watching the process: the process is not signalled, and Ended is not called.
class Child {
 public:
  virtual ~Child() = default;
  /// Never 0. The pid cannot be reused before `ended` is called, because the process is reaped just before
  /// that.
  [[nodiscard]] virtual pid_t pid() const = 0;
  /// Sends `signum` through the pidfd; errors are ignored (the process has ended).
  virtual void signal(int signum) const = 0;
};
using ChildHandle = std::unique_ptr<Child>;

class ChildStarter {
 public:
  virtual ~ChildStarter() = default;

  /// Called when the process has ended and is reaped. `why_not_started`: the error message when the program
  /// was never executed (then `exit` is the launcher's own exit); else empty.
  using Ended = std::function<void(const core::Exit& exit, const std::string& why_not_started)>;

  /// Starts `plan`. `if_missing` is the advice in the error message when the program does not exist. `ended`
  /// is called exactly once, from the event loop and never from within this call; it may destroy the handle.
  /// On an error no process is left running, and `ended` is not called.
  [[nodiscard]] virtual Result<ChildHandle> start(const LaunchPlan& plan, const std::string& if_missing,
                                                  Ended ended) = 0;
};

/// True when `pid` is the pid of `child`; false when `child` is null.
[[nodiscard]] inline bool is_child(const ChildHandle& child, pid_t pid) {
  return child && pid > 0 && child->pid() == pid;
}

}  // namespace sutra::supervisor
