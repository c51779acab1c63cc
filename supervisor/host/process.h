// Finds, signals and reaps processes by pidfd (pidfd_open(2), Linux 5.3). A pid alone is never used: the
// kernel may have given it to another process. Supervisor.
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

/// The identity of a child that is not reaped yet (so its pid is certainly its own).
[[nodiscard]] ProcessIdentity identify(pid_t pid, const UniqueFd& pidfd);

/// A pidfd of the recorded process. Nullopt when it has ended and was reaped, or its pid belongs to another
/// process now, or an error prevents the check. A zombie is found; peek_exit() gives its exit status.
[[nodiscard]] std::optional<UniqueFd> reopen(const ProcessIdentity& identity);

/// Like reopen(), but reports an Error when the check is not possible now (no descriptors or memory left).
/// Use this where a process must not be treated as dead without proof.
[[nodiscard]] Result<std::optional<UniqueFd>> find_process(const ProcessIdentity& identity);

/// Start time of a process in CLOCK_BOOTTIME nanoseconds, rounded down to a clock tick (10 ms). Nullopt, with
/// errno as read_process_stat() leaves it, when it cannot be read.
[[nodiscard]] std::optional<std::uint64_t> start_time_ns(pid_t pid);

/// The kernel's random id of this boot (/proc/sys/kernel/random/boot_id); empty when it cannot be read.
[[nodiscard]] std::string boot_id();

/// How a process ended; nullopt while it runs. For our child: `child` is true, and it stays a zombie
/// (WNOWAIT). For another process the kernel gives the exit status by PIDFD_GET_INFO only (Linux 6.15), and
/// only after its parent has reaped it; before that, and on older kernels, the cause is kUnknown: call again
/// a moment later. Never blocks. Exit::at_unix is the time of this call.
struct Ended {
  core::Exit exit;
  bool child = false;
};
[[nodiscard]] std::optional<Ended> peek_exit(const UniqueFd& pidfd);

/// Reaps a dead child; its pid may be reused from then on. Does nothing for a process that is not our child.
void reap(const UniqueFd& pidfd);

/// pidfd_send_signal(2). Success also when the process has ended already.
[[nodiscard]] Status send_signal(const UniqueFd& pidfd, int signal);

}  // namespace sutra::supervisor
