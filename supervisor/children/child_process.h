// A child that is no storage server (comms, a configuration check, logrotate): started through the launcher,
// watched, reaped. Supervisor.
#pragma once
#include <uv.h>

#include <functional>
#include <string>

#include "common/loop/watch.h"
#include "common/result.h"
#include "supervisor/containment/node_tree.h"
#include "supervisor/host/process.h"
#include "supervisor/launch/spawn.h"

namespace sutra::supervisor {

class ChildProcess {
 public:
  /// How it ended, already reaped. `why_not_started` says so when the program was never executed; else it is
  /// empty.
  using Ended = std::function<void(const core::Exit& exit, const std::string& why_not_started)>;

  explicit ChildProcess(NodeTrees&) {}
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// Nothing may run in it. `if_missing` says what to do when there is no such program. `ended` comes later,
  /// once, and may destroy this object or start it again.
  [[nodiscard]] Status start(uv_loop_t* loop, Launcher& launcher, const LaunchPlan& plan,
                             const std::string& if_missing, Ended ended);
  void signal(int signum) const;
  [[nodiscard]] pid_t pid() const { return pid_; }  ///< 0: nothing runs
  [[nodiscard]] bool owns(pid_t pid) const { return pid > 0 && pid == pid_; }

 private:
  void on_exit();

  LaunchSubject subject_;
  pid_t pid_ = 0;
  UniqueFd pidfd_, report_;
  PollWatch exit_watch_;
  Ended ended_;
};

}  // namespace sutra::supervisor
