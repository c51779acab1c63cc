// Limits the size of node logs: above max_log_mb a child process runs logrotate(8) with copytruncate. The
// supervisor never copies a log itself (that would block its loop), and the node keeps its open file.
// Supervisor, one thread.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "supervisor/children/child_starter.h"

namespace sutra::supervisor {

class LogRotation {
 public:
  /// `starter` must outlive this object. A log above `max_mb` MiB is rotated.
  LogRotation(ChildStarter& starter, std::string log_dir, std::string runtime_dir, std::uint64_t max_mb);

  /// Starts logrotate when the log of one of `nodes` is too large and no logrotate runs. Call it
  /// periodically. An error is logged once, and again only after a rotation has worked in between.
  void look(const std::vector<std::string>& nodes);
  [[nodiscard]] bool owns_pid(pid_t pid) const { return is_child(child_, pid); }

 private:
  [[nodiscard]] Status rotate();
  void on_end(const core::Exit& exit, const std::string& why_not_started);

  ChildStarter& starter_;
  std::string log_dir_, runtime_dir_;
  std::uint64_t max_mb_;
  ChildHandle child_;
  bool failed_ = false;  // the last rotation failed and was logged; do not log it every time
};

}  // namespace sutra::supervisor
