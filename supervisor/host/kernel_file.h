// Reading the kernel's own files: /proc and cgroupfs. Supervisor.
#pragma once
#include <string>

namespace sutra::supervisor {

/// The whole of a file beneath `directory_fd` (AT_FDCWD for an absolute path); empty when it cannot be read.
[[nodiscard]] std::string read_kernel_file(int directory_fd, const std::string& path);

}  // namespace sutra::supervisor
