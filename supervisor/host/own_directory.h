// Making the directories that are the supervisor's own: state, runtime, log, records. Supervisor.
#pragma once
#include <sys/types.h>

#include <string>

#include "common/result.h"

namespace sutra::supervisor {

/// Whether what was made or written outlives a power cut.
enum class Durability {
  kNone,    ///< whole after a crash of ours; after a power cut it may be old, empty or missing
  kSynced,  ///< on disk when the call returns
};

/// mkdir -p: makes what is missing of the absolute `path`, each directory with exactly `mode` (whatever the
/// umask) and, with kSynced, synced into the one above it before the next is made. What exists already is
/// left as it is; links are followed. After an error the directories above the one that failed stay.
[[nodiscard]] Status make_own_directory(const std::string& path, mode_t mode,
                                        Durability durability = Durability::kNone);

/// The directory part of an absolute path: "/" for "/x". "." for a name without a slash. Pure.
[[nodiscard]] std::string directory_of(const std::string& path);

}  // namespace sutra::supervisor
