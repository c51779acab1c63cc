// Passes bytes to another program in a sealed memfd, so that it reads exactly what was checked. Supervisor.
#pragma once
#include <string>
#include <string_view>

#include "common/result.h"
#include "common/unique_fd.h"

namespace sutra::supervisor {

/// A memfd (memfd_create(2)) that contains `text`, sealed against every change, with CLOEXEC and file offset
/// 0. `name` shows in /proc/PID/fd only.
[[nodiscard]] Result<UniqueFd> sealed_memfd(const std::string& name, std::string_view text);

}  // namespace sutra::supervisor
