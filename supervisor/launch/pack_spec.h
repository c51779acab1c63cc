// Converts a launch plan into the bytes that the launcher reads. Pure. Supervisor.
#pragma once
#include <sys/types.h>

#include <string>

#include "common/result.h"
#include "supervisor/launch/spawn.h"

namespace sutra::supervisor {

/// The spec and its strings, at most sizeof(Spec) + kMaxStrings bytes: they fit into a pipe. `parent` is our
/// pid. An error when the plan is not valid: too many or too long strings, a string with a NUL byte, a
/// program path that is not absolute, or a flag without the descriptor that it needs.
[[nodiscard]] Result<std::string> pack_spec(const LaunchPlan& plan, pid_t parent);

}  // namespace sutra::supervisor
