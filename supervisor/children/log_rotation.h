// Keeps node logs bounded: past max_log_mb a child runs logrotate (copytruncate). We never copy ourselves,
// and the node never notices. Supervisor.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "supervisor/children/child_starter.h"

namespace sutra::supervisor {

class LogRotation {
 public:
  /// `starter` outlives this. A log above `max_mb` MiB is too large.
  LogRotation(ChildStarter& starter, std::string log_dir, std::string runtime_dir, std::uint64_t max_mb);

  /// Starts logrotate when the log of one of `nodes` is too large and none runs already.
  void look(const std::vector<std::string>& nodes);
  [[nodiscard]] bool owns_pid(pid_t pid) const { return is_child(child_, pid); }

 private:
  [[nodiscard]] Status rotate();
  void on_end(const core::Exit& exit, const std::string& why_not_started);

  ChildStarter& starter_;
  std::string log_dir_, runtime_dir_;
  std::uint64_t max_mb_;
  ChildHandle child_;
  bool failed_ = false;  // the last one did; it was logged
};

}  // namespace sutra::supervisor
