// Our own small files and directories: written whole or not at all. Supervisor.
#pragma once
#include <sys/types.h>

#include <string>
#include <string_view>

#include "common/result.h"

namespace sutra::supervisor::ledger {

inline constexpr std::string_view kTemporarySuffix = ".tmp";

enum class Durability {
  kNone,    ///< the file is whole after a crash of ours; after a power cut it may be old, empty or missing
  kSynced,  ///< it is on disk when the call returns
};

/// Puts `bytes` in place of what `path` holds, by way of `path`.tmp and a rename; a directory that vanished
/// is made again. After an error `path` holds what it held before and no temporary file is left.
[[nodiscard]] Status replace_file(const std::string& path, std::string_view bytes, mode_t mode,
                                  Durability durability);

/// Unlinks `path` and syncs its directory. That there is no such file is a success.
[[nodiscard]] Status remove_file(const std::string& path);

/// mkdir -p, 0750 for those that it makes, each synced into its parent.
[[nodiscard]] Status make_directory(const std::string& path);

/// The bytes of a regular file of at most `limit` bytes. Never blocks on a fifo or follows a link. A file
/// that is not a regular one or too large is an error without errno; whoever asks may set such a file aside.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t limit);

/// Directory part of an absolute path.
[[nodiscard]] std::string directory_of(const std::string& path);

/// What an operator can do about `errnum` on something in `directory`; empty when we do not know.
[[nodiscard]] std::string remedy_for(int errnum, const std::string& directory);

}  // namespace sutra::supervisor::ledger
