// What is recorded of a node for the supervisor that comes after us. Pure.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "supervisor/core/node.h"

namespace sutra::supervisor::core {

/// Enough to find the same process again after we were replaced. `stamp_ns` is CLOCK_BOOTTIME, taken while the
/// child is unreaped: a process that has the pid later and started after the stamp is another one.
struct ProcessIdentity {
  pid_t pid = 0;  ///< 0: no process
  std::uint64_t stamp_ns = 0;
  /// Unique for a boot where pidfds have a file system of their own (Linux 6.9); else 0.
  std::uint64_t pidfd_inode = 0;
  std::string boot_id;  ///< empty when it cannot be read
  friend bool operator==(const ProcessIdentity&, const ProcessIdentity&) = default;
};

/// The facts of a node: its process and what happened to it, with a copy of the intent. Times are
/// CLOCK_BOOTTIME; facts that outlived a reboot hold times of another boot.
struct Facts {
  Intent intent;
  State state = State::kStarting;
  ProcessIdentity process;  ///< pid 0: none
  std::uint64_t generation = 0;
  std::int64_t started_at_unix = 0;      ///< 0: the exec of the recorded process was not seen
  Nanoseconds since{0};                  ///< Node::since
  std::optional<Nanoseconds> retry_due;  ///< in backoff and occupied
  History history;
  std::optional<Exit> last_exit;
  friend bool operator==(const Facts&, const Facts&) = default;
};

/// The facts of a node as it is now. `process`: of its current generation; pid 0 when there is none.
[[nodiscard]] Facts facts_of(const Node& node, const ProcessIdentity& process);

}  // namespace sutra::supervisor::core
