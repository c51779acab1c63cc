#include "supervisor/containment/cgroup_root.h"

#include "supervisor/host/kernel_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <sstream>
#include <vector>

namespace sutra::supervisor {
namespace {

constexpr unsigned long kCgroup2Magic = 0x63677270;
constexpr const char* kProbe = "probe";
constexpr int kRemoveTries = 200;  // of 1 ms

// mountinfo writes blanks, newlines and backslashes of a path as \NNN, octal (proc(5)).
std::string unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      out += static_cast<char>(std::strtol(text.substr(i + 1, 3).c_str(), nullptr, 8));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::optional<std::string> own_path(const std::string& cgroup) {
  std::istringstream lines(cgroup);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("0::/")) return line.substr(3);
  }
  return std::nullopt;
}

// `path` relative to a mount whose root directory is `root`; nullopt when it is not in that mount.
std::optional<std::string> beneath(const std::string& root, const std::string& path) {
  if (root == "/") return path == "/" ? "" : path;
  if (path == root) return "";
  if (path.starts_with(root + "/")) return path.substr(root.size());
  return std::nullopt;
}

// Tests with a real process: the kernel checks the permissions of the source, the target and their common
// parent (cgroups(7), delegation containment), which access(2) cannot tell. The child only writes and exits.
bool can_join(int probe_fd) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(write_cgroup_file(probe_fd, "cgroup.procs", "0") ? 0 : errno);
  if (child < 0) return false;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  errno = WIFEXITED(status) ? WEXITSTATUS(status) : EPERM;
  return errno == 0;
}

// Retries, because the kernel lets the directory be removed only a moment after its last process was reaped.
bool remove_probe(int root_fd) {
  for (int i = 0; i < kRemoveTries; ++i) {
    if (::unlinkat(root_fd, kProbe, AT_REMOVEDIR) == 0 || errno == ENOENT) return true;
    const timespec one_ms{0, 1'000'000};
    ::nanosleep(&one_ms, nullptr);
  }
  return false;
}

Status probe(const UniqueFd& root, const std::string& directory) {
  const std::string path = directory + "/" + kProbe;
  if (::mkdirat(root.get(), kProbe, 0755) != 0 && errno != EEXIST) {
    return errno_error("create cgroup", path,
                       "give the agent write access to this cgroup (Delegate= in a unit)");
  }
  Status result;
  {
    const UniqueFd leaf(::openat(root.get(), kProbe, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!leaf) {
      result = errno_error("open", path);
    } else if (::faccessat(leaf.get(), "cgroup.kill", W_OK, AT_EACCESS) != 0) {
      result = errno_error("write", path + "/cgroup.kill", "this needs Linux 5.14 or later");
    } else if (!can_join(leaf.get())) {
      result = errno_error("move a process into", path, "cgroup.procs of the common parent must be writable");
    }
  }
  if (!remove_probe(root.get()) && result) result = errno_error("remove", path);
  return result;
}

}  // namespace

std::optional<std::string> own_cgroup_directory(const std::string& mountinfo, const std::string& cgroup) {
  const auto path = own_path(cgroup);
  if (!path || path->find("/..") != std::string::npos) return std::nullopt;
  std::istringstream lines(mountinfo);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::vector<std::string> fields;
    for (std::string word; words >> word;) fields.push_back(word);
    std::size_t dash = 6;  // any number of optional fields, then "-" and the file system's type
    while (dash < fields.size() && fields[dash] != "-") ++dash;
    if (dash + 1 >= fields.size() || fields[dash + 1] != "cgroup2") continue;
    if (const auto rest = beneath(unescaped(fields[3]), *path)) return unescaped(fields[4]) + *rest;
  }
  return std::nullopt;
}

std::string file_name_of(const std::string& agent_id) {
  std::string out;
  for (const char c : agent_id) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-' || (c == '.' && !out.empty());
    if (plain) {
      out += c;
    } else {
      char hex[4];
      std::snprintf(hex, sizeof hex, "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
      out += hex;
    }
  }
  return out;
}

Result<UniqueFd> open_cgroup_root(const std::string& directory) {
  const bool made = ::mkdir(directory.c_str(), 0755) == 0;
  if (!made && errno != EEXIST) {
    return errno_error("create cgroup", directory,
                       "give the agent write access to the cgroup above it (Delegate= in a unit)");
  }
  UniqueFd root(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) return errno_error("open", directory);
  struct statfs where {};
  if (::fstatfs(root.get(), &where) != 0) return errno_error("get the file system type of", directory);
  Status usable = static_cast<unsigned long>(where.f_type) == kCgroup2Magic
                      ? probe(root, directory)
                      : Status(make_error("use", directory, "it is not in a cgroup v2 file system"));
  if (!usable) {
    // Leave no empty cgroup behind; one that existed before is not ours to remove.
    if (made) (void)::rmdir(directory.c_str());
    return usable.error();
  }
  for (const char* controller : {"+memory", "+pids"}) {
    (void)write_cgroup_file(root.get(), "cgroup.subtree_control", controller);
  }
  return root;
}

bool has_memory_controller(const UniqueFd& root) {
  const std::string on = " " + read_kernel_file(root.get(), "cgroup.subtree_control");
  return on.find(" memory") != std::string::npos;
}

bool write_cgroup_file(int directory_fd, const char* name, const std::string& text) {
  const UniqueFd file(::openat(directory_fd, name, O_WRONLY | O_CLOEXEC));
  return file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::optional<unsigned long> value_of(const std::string& text, const std::string& key) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(key + " ")) return std::strtoul(line.c_str() + key.size(), nullptr, 10);
  }
  return std::nullopt;
}

}  // namespace sutra::supervisor
