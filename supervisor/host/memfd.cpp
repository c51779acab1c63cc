#include "supervisor/host/memfd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace sutra::supervisor {

Result<UniqueFd> sealed_memfd(const std::string& name, std::string_view text) {
  UniqueFd fd(memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return errno_error("create memfd", name);
  while (!text.empty()) {
    const ssize_t written = write(fd.get(), text.data(), text.size());
    if (written < 0) return errno_error("write memfd", name);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (lseek(fd.get(), 0, SEEK_SET) < 0) return errno_error("rewind memfd", name);
  if (fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0) {
    return errno_error("seal memfd", name);
  }
  return fd;
}

}  // namespace sutra::supervisor
