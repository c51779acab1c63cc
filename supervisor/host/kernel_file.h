// Reads files of /proc and cgroupfs. Supervisor.
#pragma once
#include <string>

namespace sutra::supervisor {

/// The whole file `path` relative to `directory_fd` (AT_FDCWD for an absolute path). Empty when it cannot be
/// opened; what was read so far when a read fails. Until the end of file, because these files have no size
/// (stat says 0).
[[nodiscard]] std::string read_kernel_file(int directory_fd, const std::string& path);

}  // namespace sutra::supervisor
