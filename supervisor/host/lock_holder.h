// Who holds the lock on a data directory. Supervisor.
#pragma once
#include <sys/types.h>

#include <optional>
#include <string>

#include "common/unique_fd.h"

namespace sutra::supervisor {

/// Who holds the flock on a directory, from /proc/locks: "pid 1234 (redis-server)"; empty when it cannot be
/// told (the one who took it is dead and another inherited it, or it is in another pid namespace).
[[nodiscard]] std::string lock_holder(const UniqueFd& directory);

/// The pid that a /proc/locks text names as holder of a FLOCK on this file. Pure.
[[nodiscard]] std::optional<pid_t> flock_holder(const std::string& locks, dev_t device, ino_t inode);

}  // namespace sutra::supervisor
