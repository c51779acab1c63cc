// Reads /proc/PID/stat of a process or thread (proc(5)). Supervisor.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sutra::supervisor {

struct ProcessStat {
  pid_t pid = 0, parent = 0, session = 0;
  std::uint64_t start_ticks = 0;  ///< clock ticks since boot; differs for a later process with the same pid
  char state = '?';               ///< 'R', 'S', 'D', 'T', 'Z', ... of proc(5)

  /// False for a zombie ('Z') and a process that is being removed ('X').
  [[nodiscard]] bool alive() const { return state != 'Z' && state != 'X'; }
};

/// Parses the text of the file. Nullopt when it is not valid up to the start time (field 22). Pure.
[[nodiscard]] std::optional<ProcessStat> parse_process_stat(std::string_view text);

/// Reads and parses `path`. On failure nullopt, with errno of the open or read; errno is 0 when the text is
/// not valid.
[[nodiscard]] std::optional<ProcessStat> read_process_stat(const std::string& path);
/// Reads /proc/PID/stat.
[[nodiscard]] std::optional<ProcessStat> read_process_stat(pid_t pid);

/// Converts clock ticks to nanoseconds, without overflow for any uptime. Pure.
[[nodiscard]] std::uint64_t ns_of_ticks(std::uint64_t ticks, std::uint64_t ticks_per_sec);

}  // namespace sutra::supervisor
