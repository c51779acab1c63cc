// Bytes handed to another program through a sealed memfd: what was checked is what it reads. Supervisor.
#pragma once
#include <string>
#include <string_view>

#include "common/result.h"
#include "common/unique_fd.h"

namespace sutra::supervisor {

/// A CLOEXEC memfd with `text`, sealed against every change, its offset at the start.
[[nodiscard]] Result<UniqueFd> sealed_memfd(const std::string& name, std::string_view text);

}  // namespace sutra::supervisor
