// Whether a launcher became its server, told by the launcher itself: a supervisor that dies right after it
// opened the gate never reads the report, and the next one must know whether the death it finds was a
// server's. runtime_dir/nodes/NODE_ID.exec0 or .exec1 holds "GENERATION\n"; the launcher appends one byte
// just before execve. Supervisor.
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
/// False: the launcher had not passed its gate. Nothing: no mark, one of another generation, or the exec
/// failed.
[[nodiscard]] std::optional<bool> read_exec_mark(const std::string& runtime_dir, const std::string& node_id,
                                                 std::uint64_t generation);
void remove_exec_mark(const std::string& runtime_dir, const std::string& node_id);

}  // namespace sutra::supervisor
