// Finds the process that holds the lock on a data directory, for error messages. Supervisor.
#pragma once
#include <sys/types.h>

#include <optional>
#include <string>

#include "common/unique_fd.h"

namespace sutra::supervisor {

/// The process that holds the flock on `directory`, from /proc/locks (proc(5)): "pid 1234 (redis-server)".
/// Empty when it is not known: the process that took the lock has ended and another one inherited the
/// descriptor, or it is in another pid namespace.
[[nodiscard]] std::string lock_holder(const UniqueFd& directory);

/// The pid of the holder of a FLOCK on this file, from the text of /proc/locks. Pure.
[[nodiscard]] std::optional<pid_t> flock_holder(const std::string& locks, dev_t device, ino_t inode);

}  // namespace sutra::supervisor
