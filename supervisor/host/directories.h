// Creates, opens and checks data directories. A node can write below its root, so it could put a symlink
// there to make root change another file. Each path is therefore opened step by step below its root with
// openat2(2) (Linux 5.6), RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS. Supervisor.
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

/// Opens the directory `path` (absolute, without ".", ".." and "//", below `root`, not `root` itself) and
/// creates what is missing: the last directory with mode 0750 and owner `owner`, those above it with 0755 and
/// our owner, also a missing `root`. Only directories that this call creates change their owner. When the
/// last directory exists and has another owner: an error whose advice is the chown command. Symlinks are
/// followed up to `root`, never below it. On an error the directories that this call created below `root` are
/// removed again. The result is an O_PATH descriptor: usable for fchdir, fstat and openat, not for flock
/// (open(2)).
[[nodiscard]] Result<UniqueFd> open_data_directory(const std::string& root, const std::string& path,
                                                   Owner owner);

/// Makes the same checks without creating anything: no symlink below `root`, each existing part is a
/// directory, and the last one belongs to `owner`. A path that does not exist yet passes.
[[nodiscard]] Status check_data_directory(const std::string& root, const std::string& path, Owner owner);

}  // namespace sutra::supervisor
