// The files that nodes write their output to. The directory is ours; what lies in it is not trusted all the
// same. Supervisor.
#pragma once
#include <sys/types.h>

#include <string>

#include "common/result.h"
#include "common/unique_fd.h"

namespace sutra::supervisor {

/// Opens LOG_DIR/NODE.log for appending: O_APPEND|O_NOFOLLOW, made 0640; must be a regular file with one
/// link. LOG_DIR must be there and be writable by nobody else.
[[nodiscard]] Result<UniqueFd> open_node_log(const std::string& log_dir, const std::string& node_id);

/// The last lines of LOG_DIR/NODE.log written after byte `from`: at most `max_lines`, of the last
/// `max_bytes`, each cut at 200; what is not printable ASCII is shown as \xNN. From the start when the file
/// was truncated since. Empty when there is none.
[[nodiscard]] std::string last_lines(const std::string& log_dir, const std::string& node_id, off_t from,
                                     unsigned max_lines, unsigned max_bytes);
/// Size of the log now; 0 when there is none.
[[nodiscard]] off_t log_size(const std::string& log_dir, const std::string& node_id);

}  // namespace sutra::supervisor
