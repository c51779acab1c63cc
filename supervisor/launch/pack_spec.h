// A launch plan as the bytes that the launcher reads. Supervisor.
#pragma once
#include <sys/types.h>

#include <string>

#include "common/result.h"
#include "supervisor/launch/spawn.h"

namespace sutra::supervisor {

/// Spec and strings, ready for the pipe; at most sizeof(Spec) + kMaxStrings bytes. Fails on a plan that does
/// not fit: too many or too long strings, a NUL in one, a relative program, descriptors that the flags need
/// missing.
[[nodiscard]] Result<std::string> pack_spec(const LaunchPlan& plan, pid_t parent);

}  // namespace sutra::supervisor
