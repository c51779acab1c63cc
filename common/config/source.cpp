// The inputs of a configuration: the bytes of its file, and the surroundings of this process. Both processes.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <filesystem>

#include "common/config/config.h"
#include "common/unique_fd.h"

namespace sutra {
namespace {

std::string_view kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "it is a directory";
  if (S_ISFIFO(mode)) return "it is a pipe";
  if (S_ISSOCK(mode)) return "it is a socket";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "it is a device";
  return "it is not a regular file";
}

Error not_a_config(const std::string& path, std::string cause, std::string remedy) {
  return make_error("read configuration", path, std::move(cause), std::move(remedy));
}

Error too_large(const std::string& path) {
  return not_a_config(path, "it has more than 1 MiB", "a configuration file has a few hundred lines at most");
}

Error open_error(const std::string& path) {
  constexpr auto kMissing =
      "name the file with --config, or copy the agent-config.toml that comes with the agent";
  constexpr auto kRefused = "let the user that runs the agent read it";
  return errno_error("read configuration", path,
                     errno == ENOENT   ? kMissing
                     : errno == EACCES ? kRefused
                                       : "");
}

/// Reads to the end of the file. Checks the limit again, because the file may have grown after fstat.
Result<std::string> read_all(int fd, const std::string& path) {
  std::string text;
  char buffer[16384];
  for (;;) {
    const ssize_t got = read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("read configuration", path);
    if (got == 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
    if (text.size() > kConfigMaxBytes) return too_large(path);
  }
}

/// systemd separates several directories with ':' (systemd.exec(5)). We use the first.
std::optional<std::string> first_directory(const char* variable) {
  const char* value = std::getenv(variable);
  if (value == nullptr) return std::nullopt;
  const std::string_view all = value;
  const std::string_view first = all.substr(0, all.find(':'));
  return first.empty() ? std::nullopt : std::optional(std::string(first));
}

std::string own_hostname() {
  char name[HOST_NAME_MAX + 1] = {};
  return gethostname(name, HOST_NAME_MAX) == 0 ? std::string(name) : std::string();
}

}  // namespace
Result<std::string> read_config_file(const std::string& path) {
  // O_NONBLOCK: without it, open() of a FIFO without a writer would block.
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return open_error(path);
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return errno_error("read configuration", path);
  if (!S_ISREG(status.st_mode)) {
    return not_a_config(path, std::string(kind_of(status.st_mode)), "name a regular file with --config");
  }
  if (status.st_size > static_cast<off_t>(kConfigMaxBytes)) return too_large(path);
  return read_all(file.get(), path);
}

std::string default_config_path() {
  const std::string here = "./agent-config.toml";
  return access(here.c_str(), F_OK) == 0 ? here : "/etc/sutra-agent/agent-config.toml";
}

ConfigContext ConfigContext::of_this_process() {
  std::error_code gone;
  const std::filesystem::path here = std::filesystem::current_path(gone);
  ConfigContext context;
  // Never "/" instead: a relative data_path would then lie in the root of the file system.
  if (!gone && here.is_absolute()) context.working_directory = here.string();
  context.hostname = own_hostname();
  context.is_root = geteuid() == 0;
  context.state_directory = first_directory("STATE_DIRECTORY");
  context.runtime_directory = first_directory("RUNTIME_DIRECTORY");
  context.logs_directory = first_directory("LOGS_DIRECTORY");
  return context;
}

}  // namespace sutra
