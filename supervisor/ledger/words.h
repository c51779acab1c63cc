// The words that records use for enumerators. Pure. Supervisor.
#pragma once
#include <optional>
#include <string_view>

#include "supervisor/core/node.h"

namespace sutra::supervisor::ledger {

[[nodiscard]] std::string_view word(core::State state);
[[nodiscard]] std::string_view word(core::Goal goal);  ///< parked is "running": that is what it is on disk
[[nodiscard]] std::string_view word(core::ExitCause cause);

/// The enumerator that has this word, or nothing.
[[nodiscard]] std::optional<core::State> state_of(std::string_view text);
[[nodiscard]] std::optional<core::Goal> goal_of(std::string_view text);
[[nodiscard]] std::optional<core::ExitCause> exit_cause_of(std::string_view text);

}  // namespace sutra::supervisor::ledger
