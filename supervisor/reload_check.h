// The first half of a reload: a child runs the new binary's --check-config over the new configuration's bytes.
// Supervisor.
#pragma once
#include <uv.h>

#include <functional>
#include <string>

#include "common/config.h"
#include "common/result.h"
#include "common/unique_fd.h"
#include "supervisor/launch/spawn.h"
#include "supervisor/loop.h"

namespace sutra::supervisor {

class ReloadCheck {
 public:
  /// `passed`: a sealed memfd with the bytes that were checked, or the Error with the child's whole report.
  using Done = std::function<void(Result<UniqueFd> verdict)>;

  /// Begins; `done` comes later, once, within 10 s, and may destroy the check.
  [[nodiscard]] Status start(uv_loop_t* loop, Launcher& launcher, const std::string& program,
                             const std::string& config_path, const Config& running, Done done);
  [[nodiscard]] bool owns_pid(pid_t pid) const { return pid > 0 && pid == pid_; }

 private:
  void on_exit();
  [[nodiscard]] std::string report() const;

  UniqueFd configuration_, output_, pidfd_;
  pid_t pid_ = 0;
  std::string config_path_;
  bool timed_out_ = false;
  PollWatch exit_watch_;
  TimerWatch deadline_;
  Done done_;
};

}  // namespace sutra::supervisor
