// Keeps node logs bounded: past max_log_mb a child runs logrotate (copytruncate). We never copy ourselves, and the
// node never notices. Supervisor.
#pragma once
#include <uv.h>

#include <cstdint>
#include <string>
#include <vector>

#include "common/unique_fd.h"
#include "supervisor/launch/spawn.h"
#include "supervisor/loop.h"

namespace sutra::supervisor {

class LogRotation {
 public:
  LogRotation(uv_loop_t* loop, Launcher& launcher, std::string log_dir, std::string runtime_dir, std::uint64_t max_mb);

  /// Starts logrotate when the log of one of `nodes` is too large and none runs already.
  void look(const std::vector<std::string>& nodes);
  [[nodiscard]] bool owns_pid(pid_t pid) const { return pid > 0 && pid == pid_; }

 private:
  [[nodiscard]] Status rotate();
  void on_exit();

  uv_loop_t* loop_;
  Launcher& launcher_;
  std::string log_dir_, runtime_dir_;
  std::uint64_t max_mb_;
  pid_t pid_ = 0;
  UniqueFd pidfd_;
  PollWatch exit_watch_;
  bool failed_ = false;
};

}  // namespace sutra::supervisor
