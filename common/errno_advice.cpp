#include "common/errno_advice.h"

#include <cerrno>

namespace sutra {
namespace {

std::string about_our_limits(int errnum) {
  switch (errnum) {
    case EMFILE:
      return "raise the limit of open files (LimitNOFILE= in the unit, or ulimit -n)";
    case ENFILE:
      return "raise fs.file-max";
    case ENOMEM:
      return "free some memory";
    default:
      return {};
  }
}

std::string about_directory(int errnum, const std::string& directory) {
  switch (errnum) {
    case ENOSPC:
    case EDQUOT:
      return "free space (or inodes) on the file system of " + directory;
    case EROFS:
      return "mount it writable; under systemd add ReadWritePaths=" + directory +
             " to a drop-in of sutra-agent.service";
    case EACCES:
    case EPERM:
      return "let the agent's user read and write " + directory;
    case ENOTDIR:
      return "a file lies where a directory must be: move it away";
    case EIO:
      return "check the disk below " + directory;
    default:
      return {};
  }
}

}  // namespace

std::string errno_advice(int errnum, const std::string& directory, std::initializer_list<Advice> special) {
  for (const Advice& advice : special) {
    if (advice.errnum == errnum) return advice.text;
  }
  const std::string general = about_our_limits(errnum);
  return general.empty() && !directory.empty() ? about_directory(errnum, directory) : general;
}

}  // namespace sutra
