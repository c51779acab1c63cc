// A file in which the launcher records that it executes the server. A supervisor that is killed just after it
// opened the gate never reads the launcher's report; the next supervisor must know whether a server has died
// or only a launcher. The file runtime_dir/nodes/NODE_ID.exec0 or .exec1 holds "GENERATION\n"; the launcher
// appends one byte just before execve. Supervisor.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "common/result.h"
#include "common/unique_fd.h"

namespace sutra::supervisor {

/// Creates the mark file of a generation. Returns its append-only descriptor, to be passed to the launcher.
[[nodiscard]] Result<UniqueFd> begin_exec_mark(const std::string& runtime_dir, const std::string& node_id,
                                               std::uint64_t generation);
/// True: the launcher executed the server. False: the launcher ended at its gate. Nullopt (unknown): there is
/// no mark, it is of another generation, or execve failed.
[[nodiscard]] std::optional<bool> read_exec_mark(const std::string& runtime_dir, const std::string& node_id,
                                                 std::uint64_t generation);
/// Removes both mark files of a node; missing files are no error.
void remove_exec_mark(const std::string& runtime_dir, const std::string& node_id);

}  // namespace sutra::supervisor
