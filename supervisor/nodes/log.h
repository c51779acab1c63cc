// The log files of the nodes: NODE_ID.log, the stdout and stderr of a storage server. The directory is the
// agent's, but its files are opened as if others could write there. Supervisor.
#pragma once
#include <sys/types.h>

#include <string>

#include "common/result.h"
#include "common/unique_fd.h"

namespace sutra::supervisor {

/// Opens LOG_DIR/NODE.log for appending and creates it with mode 0640 if needed. An error when it is a
/// symlink, not a regular file, or has more than one hard link (a node's output could then end up in another
/// file). LOG_DIR must exist; only the agent's user may be able to write to it.
[[nodiscard]] Result<UniqueFd> open_node_log(const std::string& log_dir, const std::string& node_id);

/// The last lines of LOG_DIR/NODE.log after byte `from`, for a message: at most `max_lines` lines out of the
/// last `max_bytes` bytes, each cut at 200 bytes, other bytes than printable ASCII as \xNN. When the file is
/// shorter than `from` (a rotation truncated it), from its start. Empty when there is no such file or line.
[[nodiscard]] std::string last_lines(const std::string& log_dir, const std::string& node_id, off_t from,
                                     unsigned max_lines, unsigned max_bytes);
/// Size of the log in bytes; 0 when there is none.
[[nodiscard]] off_t log_size(const std::string& log_dir, const std::string& node_id);

}  // namespace sutra::supervisor
