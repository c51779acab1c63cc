// Creates the supervisor's own directories: state, runtime, log, records. Supervisor.
#pragma once
#include <sys/types.h>

#include <string>

#include "common/result.h"

namespace sutra::supervisor {

/// Whether a new directory or file survives a power failure.
enum class Durability {
  kNone,    ///< complete after a crash of this process; after a power failure it may be old, empty or missing
  kSynced,  ///< on disk when the call returns
};

/// Like mkdir -p: creates the missing parts of the absolute `path`, each with exactly `mode` whatever the
/// umask. With kSynced each new directory is synced into its parent before the next is created. Existing
/// directories are not changed; symlinks are followed. On an error the directories that were created before
/// it stay.
[[nodiscard]] Status make_own_directory(const std::string& path, mode_t mode,
                                        Durability durability = Durability::kNone);

/// The directory part of an absolute path: "/" for "/x". "." for a name without a slash. Pure.
[[nodiscard]] std::string directory_of(const std::string& path);

}  // namespace sutra::supervisor
