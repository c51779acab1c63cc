#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <filesystem>

#include "common/config/config.h"

namespace sutra {
namespace {

/// systemd separates the directories of a unit with ':'; ours has one, the first.
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

ConfigContext ConfigContext::of_this_process() {
  std::error_code gone;  // a working directory that was deleted: "/" is the only path that still is one
  const std::filesystem::path here = std::filesystem::current_path(gone);
  ConfigContext context;
  context.working_directory = gone ? "/" : here.string();
  context.hostname = own_hostname();
  context.is_root = geteuid() == 0;
  context.state_directory = first_directory("STATE_DIRECTORY");
  context.runtime_directory = first_directory("RUNTIME_DIRECTORY");
  context.logs_directory = first_directory("LOGS_DIRECTORY");
  return context;
}

}  // namespace sutra
