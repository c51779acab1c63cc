// The first half of a reload: a child runs the new binary's --check-config over the new configuration's
// bytes. Supervisor.
#pragma once
#include <functional>
#include <string>

#include "common/config/config.h"
#include "common/loop/timer.h"
#include "common/result.h"
#include "common/unique_fd.h"
#include "supervisor/children/child_process.h"

namespace sutra::supervisor {

class ReloadCheck {
 public:
  explicit ReloadCheck(NodeTrees& trees) : child_(trees) {}

  /// `passed`: a sealed memfd with the bytes that were checked, or the Error with the child's whole report.
  using Done = std::function<void(Result<UniqueFd> verdict)>;

  /// Begins; `done` comes later, once, within 10 s, and may destroy the check.
  [[nodiscard]] Status start(EventLoop& loop, Launcher& launcher, const std::string& program,
                             const std::string& config_path, const Config& running, Done done);
  [[nodiscard]] bool owns_pid(pid_t pid) const { return child_.owns(pid); }

 private:
  void on_end(const core::Exit& exit, const std::string& why_not_started);
  [[nodiscard]] std::string report() const;

  UniqueFd configuration_, output_;
  ChildProcess child_;
  std::string config_path_;
  bool timed_out_ = false;
  Timer deadline_;
  Done done_;
};

}  // namespace sutra::supervisor
