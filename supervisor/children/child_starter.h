// Starts our own children that are no storage servers (comms, a configuration check, logrotate), behind an
// interface: a unit test brings a starter that starts nothing. Supervisor.
#pragma once
#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>

#include "common/result.h"
#include "supervisor/core/node.h"
#include "supervisor/launch/spawn.h"

namespace sutra::supervisor {

/// A child until its end was told. Destroying it forgets the process: it is not signalled, and nothing is
/// told.
class Child {
 public:
  virtual ~Child() = default;
  /// Never 0; the process is unreaped until `ended` is called.
  [[nodiscard]] virtual pid_t pid() const = 0;
  virtual void signal(int signum) const = 0;
};
using ChildHandle = std::unique_ptr<Child>;

class ChildStarter {
 public:
  virtual ~ChildStarter() = default;

  /// How it ended, already reaped. `why_not_started` says so when the program was never executed; else it is
  /// empty.
  using Ended = std::function<void(const core::Exit& exit, const std::string& why_not_started)>;

  /// `if_missing` says what to do when there is no such program. `ended` comes later, once, never from within
  /// this call; it may destroy the handle. On an error nothing runs, and `ended` is not called.
  [[nodiscard]] virtual Result<ChildHandle> start(const LaunchPlan& plan, const std::string& if_missing,
                                                  Ended ended) = 0;
};

/// Whether `pid` is this child; no child has no pid.
[[nodiscard]] inline bool is_child(const ChildHandle& child, pid_t pid) {
  return child && pid > 0 && child->pid() == pid;
}

}  // namespace sutra::supervisor
