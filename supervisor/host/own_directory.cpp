#include "supervisor/host/own_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "common/errno_advice.h"
#include "common/unique_fd.h"

namespace sutra::supervisor {
namespace {

Error failed(const char* operation, const std::string& path, const std::string& blocked_in) {
  const int errnum = errno;
  return Error{operation, path, errnum, {}, errno_advice(errnum, blocked_in)};
}

Status sync_directory(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return failed("sync directory", path, path);
  return {};
}

Status make_one(const std::string& path, mode_t mode, Durability durability) {
  const std::string above = directory_of(path);
  // stat before mkdir: on a read-only or full file system, or without write permission, mkdir fails with that
  // error even when the directory exists.
  struct stat found {};
  if (::stat(path.c_str(), &found) == 0) {
    if (S_ISDIR(found.st_mode)) return {};
    return make_error("make directory", path, "it exists, but it is not a directory", "move it away");
  }
  if (errno != ENOENT) return failed("stat", path, above);
  if (::mkdir(path.c_str(), mode) != 0) {
    if (errno == EEXIST) return {};  // another process created it after our stat
    return failed("make directory", path, above);
  }
  if (::chmod(path.c_str(), mode) != 0)
    return failed("set the mode of", path, path);  // mkdir applied the umask
  if (durability == Durability::kNone) return {};
  Status synced = sync_directory(above);
  if (!synced) (void)::rmdir(path.c_str());  // else the next call would find it and would not sync it
  return synced;
}

}  // namespace

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status make_own_directory(const std::string& path, mode_t mode, Durability durability) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    if (Status made = make_one(path.substr(0, end), mode, durability); !made) return made;
    if (end == std::string::npos) return {};
  }
}

}  // namespace sutra::supervisor
