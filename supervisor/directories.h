// Data directories and log files, made and opened so that nobody who can write beneath a root can make us touch
// anything else: every path is opened beneath its root with RESOLVE_BENEATH|RESOLVE_NO_SYMLINKS. Supervisor.
#pragma once
#include <sys/types.h>

#include <string>

#include "common/result.h"
#include "common/unique_fd.h"

namespace sutra::supervisor {

struct Owner {
  uid_t uid = 0;
  gid_t gid = 0;
};

/// Opens `path` (absolute, beneath `root`), making what is missing of it, 0750, owned by `owner`. Only directories that this
/// call made change owner. An existing last directory with another owner is an error that names the chown. Missing `root` itself is made too
/// (0755, our own owner). If a later step of the same call fails, directories that it made are removed again.
[[nodiscard]] Result<UniqueFd> open_data_directory(const std::string& root, const std::string& path, Owner owner);

/// Checks without making anything: no symlink on the way, directories where directories must be, owner of what exists.
[[nodiscard]] Status check_data_directory(const std::string& root, const std::string& path, Owner owner);

/// Opens LOG_DIR/NODE.log for appending: O_APPEND|O_NOFOLLOW, made 0640; must be a regular file with one link.
[[nodiscard]] Result<UniqueFd> open_node_log(const std::string& log_dir, const std::string& node_id);

/// The last lines of LOG_DIR/NODE.log written after byte `from`: at most `max_lines` and `max_bytes`; printable.
[[nodiscard]] std::string last_lines(const std::string& log_dir, const std::string& node_id, off_t from,
                                     unsigned max_lines, unsigned max_bytes);
/// Size of the log now; 0 when there is none.
[[nodiscard]] off_t log_size(const std::string& log_dir, const std::string& node_id);

/// mkdir -p for one of our own directories (state, runtime, log), `mode` for those it makes.
[[nodiscard]] Status make_own_directory(const std::string& path, mode_t mode);

/// Who holds the flock on a directory, from /proc/locks: "pid 1234 (redis-server)"; empty when it cannot be told.
[[nodiscard]] std::string lock_holder(const UniqueFd& directory);

}  // namespace sutra::supervisor
