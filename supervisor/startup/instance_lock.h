// Prevents two agents on one directory, with flock(2) on DIRECTORY/agent.lock. The kernel releases the lock
// when the process ends; a re-exec passes the open descriptor on, and the lock with it. Supervisor.
#pragma once
#include <string>

#include "common/result.h"
#include "common/unique_fd.h"

namespace sutra::supervisor {

/// Creates DIRECTORY/agent.lock, locks it and writes our pid into it; the result holds the lock. `what` is
/// the key's name for messages ("runtime_dir"). When another process holds the lock for 1 s: an error that
/// names its pid. Blocks up to that second.
[[nodiscard]] Result<UniqueFd> lock_directory(const std::string& directory, const std::string& what);

/// True when DIRECTORY/agent.lock is still the file that `lock` locks. False: it was removed or replaced, so
/// another agent could lock the new file.
[[nodiscard]] bool lock_is_in_place(const UniqueFd& lock, const std::string& directory);

}  // namespace sutra::supervisor
