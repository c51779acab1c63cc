// Data directories, made and opened so that nobody who can write beneath a root can make us
// touch anything else: every path is opened beneath its root with RESOLVE_BENEATH|RESOLVE_NO_SYMLINKS.
// Supervisor.
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

/// Opens `path` (absolute, normal, beneath `root` and not `root` itself), making what is missing of it: the
/// last one 0750 and `owner`'s, those on the way to it 0755 and ours, so that we can pass through them
/// without rights over others' files. Only a directory that this call made changes owner. An existing last
/// directory with another owner is an error that names the chown. A missing `root` is made too (0755, ours);
/// symlinks are followed up to `root`, never beneath it. If a later step of the same call fails,
/// directories that it made are removed again. The descriptor is O_PATH: good to enter, to stat and to open
/// beneath by whoever has the rights; not to flock.
[[nodiscard]] Result<UniqueFd> open_data_directory(const std::string& root, const std::string& path,
                                                   Owner owner);

/// Checks without making anything: no symlink on the way, directories where directories must be, owner of
/// what exists. What does not exist yet is no fault.
[[nodiscard]] Status check_data_directory(const std::string& root, const std::string& path, Owner owner);

}  // namespace sutra::supervisor
