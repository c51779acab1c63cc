#include "supervisor/host/directories.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>
#include <vector>

#include "common/errno_advice.h"
#include "supervisor/host/own_directory.h"

namespace sutra::supervisor {
namespace {

constexpr int kTries = 16;  // openat2(2) returns EAGAIN when a rename happened at the same time
constexpr mode_t kAboveData = 0755;
constexpr mode_t kDataDirectory = 0750;

std::string read_write_paths(const std::string& path) {
  return "under systemd run \"systemctl edit sutra-agent.service sutra-agent-nodes.service\" and add, in "
         "each, "
         "[Service] ReadWritePaths=" +
         path;
}

Error directory_error(std::string operation, const std::string& path, int error) {
  Error result{std::move(operation), path, error, {}, {}};
  result.remedy = errno_advice(
      error, directory_of(path),
      {{EACCES, "the agent may not write or search the directory above it: check owner and mode, or make " +
                    path + " yourself"},
       {EROFS, read_write_paths(path)}});
  if (error == ELOOP) {
    result.cause = "it is a symbolic link";
    result.remedy =
        "replace it by a directory, or name the directory that it points to in allowed_storage_roots";
  } else if (error == ENOTDIR) {
    result.cause = "it exists, but it is not a directory";
    result.remedy = "move it away, or choose another storage path";
  }
  return result;
}

// Opens one name in `parent`, never through a symlink. Not valid, with errno, on failure.
UniqueFd open_beneath(int parent, const std::string& name) {
  open_how how{};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  for (int i = 0; i < kTries; ++i) {
    const auto fd = static_cast<int>(::syscall(SYS_openat2, parent, name.c_str(), &how, sizeof how));
    if (fd >= 0 || errno != EAGAIN) return UniqueFd(fd);
  }
  return UniqueFd();
}

// The path components below `root`; empty when `path` is not below `root` or is not normal.
std::vector<std::string> names_beneath(const std::string& root, const std::string& path) {
  const std::string prefix = root == "/" ? root : root + "/";
  std::vector<std::string> names;
  if (root.empty() || root.front() != '/' || !path.starts_with(prefix) || path.ends_with('/')) return names;
  std::istringstream rest(path.substr(prefix.size()));
  for (std::string name; std::getline(rest, name, '/');) {
    if (name.empty() || name == "." || name == "..") return {};
    names.push_back(name);
  }
  return names;
}

Status check_owner(const UniqueFd& directory, const std::string& path, Owner owner) {
  struct stat found {};
  if (::fstat(directory.get(), &found) != 0) return errno_error("stat", path);
  if (found.st_uid == owner.uid) return {};
  const std::string ids = std::to_string(owner.uid) + ":" + std::to_string(owner.gid);
  return make_error("use data directory", path,
                    "it is owned by uid " + std::to_string(found.st_uid) + ", but the node runs as uid " +
                        std::to_string(owner.uid),
                    "run: chown -R " + ids + " " + path);
}

// The directories that this call created, deepest last. The destructor removes them again, unless keep() was
// called.
class MadeDirectories {
 public:
  MadeDirectories() = default;
  MadeDirectories(const MadeDirectories&) = delete;
  MadeDirectories& operator=(const MadeDirectories&) = delete;
  ~MadeDirectories() {
    for (auto made = made_.rbegin(); made != made_.rend(); ++made) {
      (void)::unlinkat(made->parent.get(), made->name.c_str(), AT_REMOVEDIR);
    }
  }
  void add(int parent, const std::string& name) {
    made_.push_back({UniqueFd(::fcntl(parent, F_DUPFD_CLOEXEC, 0)), name});
  }
  void keep() { made_.clear(); }

 private:
  struct Made {
    UniqueFd parent;
    std::string name;
  };
  std::vector<Made> made_;
};

// Sets mode and owner of a directory that we just created. Another user may be able to write to its parent
// and may have replaced it. So change the owner only of a directory that belongs to us: another user cannot
// create one.
Status hand_over(const UniqueFd& directory, const std::string& path, mode_t mode, Owner owner) {
  struct stat found {};
  const UniqueFd readable(::openat(directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!readable || ::fstat(readable.get(), &found) != 0) return errno_error("open new directory", path);
  if (found.st_uid != ::geteuid()) {
    return make_error("make", path, "another process replaced it while it was created",
                      "check which other users can write to its parent directory");
  }
  if (::fchmod(readable.get(), mode) != 0) return errno_error("set the mode of", path);
  if (found.st_uid == owner.uid && found.st_gid == owner.gid) return {};
  if (::fchown(readable.get(), owner.uid, owner.gid) != 0) {
    return errno_error("change the owner of", path,
                       "the agent needs CAP_CHOWN for it, or must run as that user");
  }
  return {};
}

Result<UniqueFd> open_root(const std::string& root, bool make) {
  if (make) {
    if (Status made = make_own_directory(root, kAboveData); !made) return made.error();
  }
  UniqueFd fd(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd && (make || errno != ENOENT)) return directory_error("open", root, errno);
  return fd;
}

Error not_beneath(const std::string& root, const std::string& path) {
  return make_error("use data directory", path, "it is not beneath " + root,
                    "send an empty or a relative storage path, or add its root to allowed_storage_roots");
}

}  // namespace

Result<UniqueFd> open_data_directory(const std::string& root, const std::string& path, Owner owner) {
  const std::vector<std::string> names = names_beneath(root, path);
  if (names.empty()) return not_beneath(root, path);
  auto opened = open_root(root, true);
  if (!opened) return opened.error();
  UniqueFd here = std::move(opened).value();
  const Owner ours{::geteuid(), ::getegid()};
  MadeDirectories made;
  bool last_is_new = false;
  std::string so_far = root == "/" ? "" : root;
  for (std::size_t i = 0; i < names.size(); ++i) {
    so_far += "/" + names[i];
    const bool last = i + 1 == names.size();
    const bool is_new = ::mkdirat(here.get(), names[i].c_str(), 0700) == 0;
    const int make_error_number = errno;  // EEXIST is the usual case; others count when the open fails too
    if (is_new) made.add(here.get(), names[i]);
    UniqueFd next = open_beneath(here.get(), names[i]);
    if (!next) {
      const bool missing = errno == ENOENT && !is_new;
      return directory_error(missing ? "make" : "open", so_far, missing ? make_error_number : errno);
    }
    if (is_new) {
      Status given = hand_over(next, so_far, last ? kDataDirectory : kAboveData, last ? owner : ours);
      if (!given) return given.error();
    }
    last_is_new = is_new;
    here = std::move(next);
  }
  if (!last_is_new) {
    if (Status owned = check_owner(here, path, owner); !owned) return owned.error();
  }
  made.keep();
  return here;
}

Status check_data_directory(const std::string& root, const std::string& path, Owner owner) {
  const std::vector<std::string> names = names_beneath(root, path);
  if (names.empty()) return not_beneath(root, path);
  auto opened = open_root(root, false);
  if (!opened) return opened.error();
  UniqueFd here = std::move(opened).value();
  if (!here) return {};
  std::string so_far = root == "/" ? "" : root;
  for (const std::string& name : names) {
    so_far += "/" + name;
    UniqueFd next = open_beneath(here.get(), name);
    if (!next && errno == ENOENT) return {};
    if (!next) return directory_error("open", so_far, errno);
    here = std::move(next);
  }
  return check_owner(here, path, owner);
}

}  // namespace sutra::supervisor
