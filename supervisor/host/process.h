// A process as the kernel knows it: a pidfd, verified, never a bare pid. Supervisor.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "common/result.h"
#include "common/unique_fd.h"
#include "supervisor/core/facts.h"

namespace sutra::supervisor {

using core::ProcessIdentity;

/// The identity of an unreaped child.
[[nodiscard]] ProcessIdentity identify(pid_t pid, const UniqueFd& pidfd);

/// A pidfd for the recorded process, or nothing when it is gone or its pid belongs to another process. A
/// zombie is not gone: peek_exit tells how it ended.
[[nodiscard]] std::optional<UniqueFd> reopen(const ProcessIdentity& identity);

/// As reopen(), but "gone" (nothing) and "cannot be found out now" (an error: no descriptor, no memory)
/// differ: a process that could not be looked at must not be taken for dead.
[[nodiscard]] Result<std::optional<UniqueFd>> find_process(const ProcessIdentity& identity);

/// Start time of a process in CLOCK_BOOTTIME: ns, but counted in whole clock ticks. Nothing, and errno as
/// read_process_stat() leaves it, when it cannot be had.
[[nodiscard]] std::optional<std::uint64_t> start_time_ns(pid_t pid);

/// Of this boot, as the kernel names it; empty when it cannot be read.
[[nodiscard]] std::string boot_id();

/// How a process ended whose pidfd is readable. A child is left unreaped (WNOWAIT) and `child` is true; of
/// others only PIDFD_GET_INFO (Linux 6.15) can tell, and only once their parent has reaped them; until then,
/// and on older kernels, the cause is kUnknown: ask again a moment later. Nothing when it has not ended.
/// Never blocks. Exit::at_unix is the time of the call.
struct Ended {
  core::Exit exit;
  bool child = false;
};
[[nodiscard]] std::optional<Ended> peek_exit(const UniqueFd& pidfd);

/// Takes a dead child off the process table. No-op for a process that is not our child.
void reap(const UniqueFd& pidfd);

/// pidfd_send_signal. Success too when it is already dead.
[[nodiscard]] Status send_signal(const UniqueFd& pidfd, int signal);

}  // namespace sutra::supervisor
