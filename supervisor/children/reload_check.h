// The first half of a reload: a child process runs `sutra-agent --check-config` of the installed binary on
// the new configuration. So the version that will run it is the one that checks it. Supervisor, one thread.
#pragma once
#include <functional>
#include <string>

#include "common/config/config.h"
#include "common/result.h"
#include "common/unique_fd.h"
#include "supervisor/children/child_starter.h"
#include "supervisor/host/timers.h"

namespace sutra::supervisor {

/// One check. Create a new object for the next check.
class ReloadCheck {
 public:
  /// A sealed memfd with exactly the bytes that were checked, or an Error whose cause is the child's report
  /// (its first 1800 bytes).
  using Done = std::function<void(Result<UniqueFd> verdict)>;

  /// Both must outlive the check.
  ReloadCheck(Timers& timers, ChildStarter& starter) : timers_(timers), starter_(starter) {}

  /// `program`: the new binary. `config_path`: the new file. `running`: the current configuration; agent_id,
  /// state_dir and runtime_dir must stay the same. `done` is called exactly once, from the event loop, within
  /// 10 s (then the child is killed), and may destroy the check. On an error `done` is not called.
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
