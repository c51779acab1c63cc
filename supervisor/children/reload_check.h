// The first half of a reload: a child runs the new binary's --check-config over the new configuration's
// bytes. Supervisor.
#pragma once
#include <functional>
#include <string>

#include "common/config/config.h"
#include "common/result.h"
#include "common/unique_fd.h"
#include "supervisor/children/child_starter.h"
#include "supervisor/host/timers.h"

namespace sutra::supervisor {

/// One check; made anew for the next.
class ReloadCheck {
 public:
  /// A sealed memfd with the bytes that were checked, or the Error with the child's whole report.
  using Done = std::function<void(Result<UniqueFd> verdict)>;

  /// Both outlive the check.
  ReloadCheck(Timers& timers, ChildStarter& starter) : timers_(timers), starter_(starter) {}

  /// `program` is the new binary, `config_path` the new file, `running` what the new configuration must agree
  /// with in agent_id, state_dir and runtime_dir. `done` comes later, once, after 10 s at most (the child is
  /// killed then), and may destroy the check. On an error it is not called.
  [[nodiscard]] Status start(const std::string& program, const std::string& config_path,
                             const Config& running, Done done);
  [[nodiscard]] bool owns_pid(pid_t pid) const { return is_child(child_, pid); }

 private:
  void on_end(const core::Exit& exit, const std::string& why_not_started);
  [[nodiscard]] std::string report() const;

  Timers& timers_;
  ChildStarter& starter_;
  UniqueFd configuration_, output_;
  std::string config_path_;
  Done done_;
  ChildHandle child_;
  WatchHandle deadline_;
  bool timed_out_ = false;
};

}  // namespace sutra::supervisor
