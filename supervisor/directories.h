// Data directories and log files, made and opened so that nobody who can write beneath a root can make us
// touch anything else: every path is opened beneath its root with RESOLVE_BENEATH|RESOLVE_NO_SYMLINKS.
// Supervisor.
#pragma once
#include <sys/types.h>

#include <optional>
#include <string>

#include "common/result.h"
#include "common/unique_fd.h"

namespace sutra::supervisor {

struct Owner {
  uid_t uid = 0;
  gid_t gid = 0;
};

/// Opens `path` (absolute, normal, beneath `root` and not `root` itself), making what is missing of it: the
/// last one 0750 and `owner`'s, those on the way to it 0755 and ours, so that we can pass through them
/// without rights over others' files. Only a directory that this call made changes owner. An existing last
/// directory with another owner is an error that names the chown. A missing `root` is made too (0755, ours);
/// symlinks are followed up to `root`, and never beneath it. If a later step of the same call fails,
/// directories that it made are removed again. The descriptor is O_PATH: good to enter, to stat and to open
/// beneath by whoever has the rights; not to flock.
[[nodiscard]] Result<UniqueFd> open_data_directory(const std::string& root, const std::string& path,
                                                   Owner owner);

/// Checks without making anything: no symlink on the way, directories where directories must be, owner of
/// what exists. What does not exist yet is no fault.
[[nodiscard]] Status check_data_directory(const std::string& root, const std::string& path, Owner owner);

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

/// mkdir -p for one of our own directories (state, runtime, log), `mode` for those it makes.
[[nodiscard]] Status make_own_directory(const std::string& path, mode_t mode);

/// Who holds the flock on a directory, from /proc/locks: "pid 1234 (redis-server)"; empty when it cannot be
/// told (the one who took it is dead and another inherited it, or it is in another pid namespace).
[[nodiscard]] std::string lock_holder(const UniqueFd& directory);

/// The pid that a /proc/locks text names as holder of a FLOCK on this file. Pure.
[[nodiscard]] std::optional<pid_t> flock_holder(const std::string& locks, dev_t device, ino_t inode);

}  // namespace sutra::supervisor
