// Keeps node logs bounded: past max_log_mb a child runs logrotate (copytruncate). We never copy ourselves,
// and the node never notices. Supervisor.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "supervisor/children/child_process.h"

namespace sutra::supervisor {

class LogRotation {
 public:
  LogRotation(EventLoop& loop, Launcher& launcher, NodeTrees& trees, std::string log_dir,
              std::string runtime_dir, std::uint64_t max_mb);

  /// Starts logrotate when the log of one of `nodes` is too large and none runs already.
  void look(const std::vector<std::string>& nodes);
  [[nodiscard]] bool owns_pid(pid_t pid) const { return child_.owns(pid); }

 private:
  [[nodiscard]] Status rotate();
  void on_end(const core::Exit& exit, const std::string& why_not_started);

  EventLoop& loop_;
  Launcher& launcher_;
  std::string log_dir_, runtime_dir_;
  std::uint64_t max_mb_;
  ChildProcess child_;
  bool failed_ = false;
};

}  // namespace sutra::supervisor
