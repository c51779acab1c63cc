// A file in which the launcher itself records that it executes the server. A supervisor that dies right after
// it opened the gate never reads the launcher's report, and the next supervisor must know whether a server
// died or only a launcher. runtime_dir/nodes/NODE_ID.exec0 or .exec1 holds "GENERATION\n"; the launcher
// appends one byte just before execve. Supervisor.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "common/result.h"
#include "common/unique_fd.h"

namespace sutra::supervisor {

/// Begins the mark of a generation; the descriptor (append only) is for the launcher.
[[nodiscard]] Result<UniqueFd> begin_exec_mark(const std::string& runtime_dir, const std::string& node_id,
                                               std::uint64_t generation);
/// True: the server was executed. False: the launcher did not get past its gate. Nothing: there is no mark,
/// it is of another generation, or the exec failed.
[[nodiscard]] std::optional<bool> read_exec_mark(const std::string& runtime_dir, const std::string& node_id,
                                                 std::uint64_t generation);
void remove_exec_mark(const std::string& runtime_dir, const std::string& node_id);

}  // namespace sutra::supervisor
