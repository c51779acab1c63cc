// One agent for a directory: a flock that the kernel lets go of when we die, and carries through a re-exec.
// Supervisor.
#pragma once
#include <string>

#include "common/result.h"
#include "common/unique_fd.h"

namespace sutra::supervisor {

/// Locks DIRECTORY/agent.lock and writes our pid into it. Held by another for a second: an error
/// that names its pid.
[[nodiscard]] Result<UniqueFd> lock_directory(const std::string& directory, const std::string& what);

/// Whether DIRECTORY/agent.lock is still the file that `lock` locks; false when it was removed or replaced.
[[nodiscard]] bool lock_is_in_place(const UniqueFd& lock, const std::string& directory);

}  // namespace sutra::supervisor
