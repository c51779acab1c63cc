// Our own small files and directories: written whole or not at all. Supervisor.
#pragma once
#include <sys/types.h>

#include <string>
#include <string_view>

#include "common/result.h"
#include "supervisor/host/own_directory.h"

namespace sutra::supervisor::ledger {

inline constexpr std::string_view kTemporarySuffix = ".tmp";

using supervisor::directory_of;
using supervisor::Durability;

/// Puts `bytes` in place of what `path` holds, by way of `path`.tmp and a rename; a directory that vanished
/// is made again. After an error `path` holds what it held before and no temporary file is left.
[[nodiscard]] Status replace_file(const std::string& path, std::string_view bytes, mode_t mode,
                                  Durability durability);

/// Unlinks `path` and syncs its directory. That there is no such file is a success.
[[nodiscard]] Status remove_file(const std::string& path);

/// A directory of the ledger: 0750, and on disk when the call returns; see make_own_directory().
[[nodiscard]] Status make_directory(const std::string& path);

/// The bytes of a regular file of at most `limit` bytes. Never blocks on a fifo or follows a link. A file
/// that is not a regular one or too large is an error without errno; whoever asks may set such a file aside.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t limit);

}  // namespace sutra::supervisor::ledger
