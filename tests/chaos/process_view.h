// What /proc says of one process. Chaos tests only.
#pragma once
#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/unique_fd.h"

namespace sutra::chaos {

/// Where exec put the stack, the arguments and the environment. Each exec draws these addresses anew and a
/// fork inherits them, so processes with the same image descend from one exec: a server and its forks share
/// one, two servers never do.
struct Image {
  std::uint64_t stack = 0, arguments = 0, environment = 0;
  friend auto operator<=>(const Image&, const Image&) = default;
};

struct ProcessStat {
  pid_t pid = 0, parent = 0, session = 0;
  char state = '?';
  std::uint64_t start_ticks = 0;
  Image image;  ///< all 0 in a zombie
  [[nodiscard]] bool alive() const { return state != 'Z' && state != 'X'; }
};

/// Nothing when there is no such process.
[[nodiscard]] std::optional<ProcessStat> read_stat(pid_t pid);
[[nodiscard]] std::vector<pid_t> all_pids();
[[nodiscard]] std::vector<pid_t> children_of(pid_t pid);
/// Target of /proc/PID/`name` ("cwd", "exe", "fd/3"); empty when it cannot be read.
[[nodiscard]] std::string link_of(pid_t pid, const std::string& name);
/// Value of a variable in the environment as it was at exec; empty when absent.
[[nodiscard]] std::string environment_of(pid_t pid, const std::string& variable);
[[nodiscard]] std::string name_of(pid_t pid);
[[nodiscard]] std::size_t open_fds(pid_t pid);
/// A line of /proc/PID/smaps_rollup ("Pss", "Pss_Anon"), KiB; 0 when it cannot be read.
[[nodiscard]] std::uint64_t memory_kib(pid_t pid, const std::string& which);

/// A pidfd of the process with this pid and start time; invalid when it is gone. The driver must not signal a process
/// that got a reused pid.
[[nodiscard]] UniqueFd open_process(pid_t pid, std::uint64_t start_ticks);
bool signal_process(const UniqueFd& pidfd, int signum);

}  // namespace sutra::chaos
