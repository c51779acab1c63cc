#include "supervisor/host/kernel_file.h"

#include <fcntl.h>
#include <unistd.h>

#include "common/unique_fd.h"

namespace sutra::supervisor {

std::string read_kernel_file(int directory_fd, const std::string& path) {
  const UniqueFd file(::openat(directory_fd, path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  if (!file) return text;
  char chunk[4096];
  ssize_t got = 0;
  while ((got = ::read(file.get(), chunk, sizeof chunk)) > 0) {
    text.append(chunk, static_cast<std::size_t>(got));
  }
  return text;
}

}  // namespace sutra::supervisor
