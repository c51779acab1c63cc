#include "supervisor/ledger/replace_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/errno_advice.h"
#include "common/unique_fd.h"

namespace sutra::supervisor::ledger {
namespace {

constexpr mode_t kDirectoryMode = 0750;

Error failed(const char* operation, const std::string& path) {
  const int errnum = errno;
  return Error{operation, path, errnum, {}, errno_advice(errnum, directory_of(path))};
}

/// Unlinks the temporary file unless it became the real one.
class Temporary {
 public:
  explicit Temporary(const std::string& name) : name_(name) {}
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    if (name_.empty()) return;
    const int errnum = errno;
    ::unlink(name_.c_str());
    errno = errnum;
  }
  void release() { name_.clear(); }

 private:
  std::string name_;
};

UniqueFd create(const std::string& name, mode_t mode) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  UniqueFd fd(::open(name.c_str(), kFlags, mode));
  if (!fd && errno == EEXIST && ::unlink(name.c_str()) == 0) {  // a crash left it
    fd.reset(::open(name.c_str(), kFlags, mode));
  }
  return fd;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// The old file takes the temporary name, so that it can be put back if the directory cannot be synced.
Status swap_in_synced(const std::string& temporary, const std::string& path, int directory) {
  const bool exchanged =
      ::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(), RENAME_EXCHANGE) == 0;
  // No old file, or a file system that cannot exchange.
  if (!exchanged && ::rename(temporary.c_str(), path.c_str()) != 0) return failed("write", path);
  if (::fsync(directory) == 0) return {};
  Error error = failed("write", path);
  if (exchanged) {
    ::rename(temporary.c_str(), path.c_str());
  } else {
    ::unlink(path.c_str());
  }
  return error;
}

Status try_replace(const std::string& path, std::string_view bytes, mode_t mode, Durability durability) {
  const bool synced = durability == Durability::kSynced;
  UniqueFd directory;
  if (synced) {
    // Opened first: a lack of descriptors must not show only after the rename.
    directory.reset(::open(directory_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory) return failed("write", path);
  }
  const std::string name = path + std::string(kTemporarySuffix);
  UniqueFd fd = create(name, mode);
  if (!fd) return failed("write", path);
  Temporary temporary(name);
  if (!write_all(fd.get(), bytes)) return failed("write", path);
  if (synced) {
    if (::fsync(fd.get()) != 0) return failed("write", path);
    return swap_in_synced(name, path, directory.get());
  }
  if (::rename(name.c_str(), path.c_str()) != 0) return failed("write", path);
  temporary.release();
  return {};
}

Status read_all(int fd, const std::string& path, std::size_t limit, std::string& out) {
  char buffer[16384];
  while (out.size() <= limit) {
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("read", path);
    if (got == 0) return {};
    out.append(buffer, static_cast<std::size_t>(got));
  }
  return make_error("read", path, "it is larger than " + std::to_string(limit) + " bytes");
}

}  // namespace

Status replace_file(const std::string& path, std::string_view bytes, mode_t mode, Durability durability) {
  Status done = try_replace(path, bytes, mode, durability);
  if (done || done.error().errnum != ENOENT) return done;
  if (Status made = make_directory(directory_of(path)); !made) return made;
  return try_replace(path, bytes, mode, durability);
}

Status remove_file(const std::string& path) {
  const UniqueFd directory(::open(directory_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory && errno == ENOENT) return {};
  if (!directory) return failed("remove", path);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed("remove", path);
  // Also when there was nothing: an earlier call may have unlinked it and failed here.
  if (::fsync(directory.get()) != 0) return failed("remove", path);
  return {};
}

Status make_directory(const std::string& path) {
  return make_own_directory(path, kDirectoryMode, Durability::kSynced);
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd) {
    if (errno == ELOOP || errno == ENXIO) return make_error("read", path, "it is not a regular file");
    return failed("read", path);
  }
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return failed("read", path);
  if (!S_ISREG(info.st_mode)) return make_error("read", path, "it is not a regular file");
  std::string out;
  if (Status read = read_all(fd.get(), path, limit, out); !read) return read.error();
  return out;
}

}  // namespace sutra::supervisor::ledger
