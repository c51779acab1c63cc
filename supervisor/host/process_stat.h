// What /proc/PID/stat says of a process or thread. Supervisor.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sutra::supervisor {

struct ProcessStat {
  pid_t pid = 0, parent = 0, session = 0;
  std::uint64_t start_ticks = 0;  ///< since boot; tells a process from a later one with its pid
  char state = '?';               ///< 'R', 'S', 'D', 'T', 'Z', ... of proc(5)

  /// False for a zombie, which only waits to be reaped.
  [[nodiscard]] bool alive() const { return state != 'Z' && state != 'X'; }
};

/// From the text of the file; nothing when it is not complete up to the start time. Pure.
[[nodiscard]] std::optional<ProcessStat> parse_process_stat(std::string_view text);

/// Reads and parses `path`. Nothing, and errno (0: the text was not readable as one), when that cannot be
/// had.
[[nodiscard]] std::optional<ProcessStat> read_process_stat(const std::string& path);
/// The same of /proc/PID/stat.
[[nodiscard]] std::optional<ProcessStat> read_process_stat(pid_t pid);

/// Clock ticks as nanoseconds; without overflow for any number of ticks that a boot reaches. Pure.
[[nodiscard]] std::uint64_t ns_of_ticks(std::uint64_t ticks, std::uint64_t ticks_per_sec);

}  // namespace sutra::supervisor
