#include "supervisor/containment/cgroup_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "common/unique_fd.h"

namespace sutra::supervisor {

std::vector<std::string> subdirectories(int directory_fd) {
  std::vector<std::string> names;
  // Opened again, because closedir() closes its descriptor and the caller keeps `directory_fd`.
  const int copy = ::openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* const listing = copy < 0 ? nullptr : ::fdopendir(copy);
  if (listing == nullptr) {
    if (copy >= 0) ::close(copy);
    return names;
  }
  while (const dirent* entry = ::readdir(listing)) {
    const std::string name = entry->d_name;
    if (entry->d_type == DT_DIR && name != "." && name != "..") names.push_back(name);
  }
  ::closedir(listing);
  return names;
}

bool remove_cgroup(int parent_fd, const std::string& name, int depth) {
  if (::unlinkat(parent_fd, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return true;
  // EBUSY: it has child cgroups, or processes (cgroups(7)). Only the children can be removed from here.
  if (errno != EBUSY || depth == 0) return false;
  const UniqueFd directory(
      ::openat(parent_fd, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory) return errno == ENOENT;
  const std::vector<std::string> children = subdirectories(directory.get());
  if (children.empty()) return false;
  for (const std::string& child : children) {
    if (!remove_cgroup(directory.get(), child, depth - 1)) return false;
  }
  return ::unlinkat(parent_fd, name.c_str(), AT_REMOVEDIR) == 0;
}

}  // namespace sutra::supervisor
