#include "supervisor/nodes/command.h"

#include <array>
#include <string_view>
#include <utility>

namespace sutra::supervisor {
namespace {

using Values = std::array<std::pair<std::string_view, std::string>, 5>;

/// Replaces every {name}. The names were checked when the configuration was loaded. Replaced text is not
/// searched again, so a storage_path that contains "{port}" stays as it is.
std::string expand(std::string_view pattern, const Values& values) {
  std::string out;
  while (!pattern.empty()) {
    bool replaced = false;
    if (pattern.front() == '{') {
      for (const auto& [name, value] : values) {
        if (pattern.substr(1).starts_with(name) && pattern.substr(1 + name.size()).starts_with('}')) {
          out += value;
          pattern.remove_prefix(name.size() + 2);
          replaced = true;
          break;
        }
      }
    }
    if (!replaced) {
      out += pattern.front();
      pattern.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace

ServerCommand server_command(const Config::Storage& storage, const std::string& node_id,
                             const core::Placement& placement) {
  const std::string port = std::to_string(placement.port);
  const std::string memory = std::to_string(placement.memory_mb);
  const Values values{{{"port", port},
                       {"storage_path", placement.storage_path},
                       {"node_id", node_id},
                       {"memory_mb", memory},
                       {"listen_address", storage.listen_address}}};
  ServerCommand command;
  command.arguments = {storage.binary_path};
  if (storage.args_given) {
    for (const auto& pattern : storage.args) command.arguments.push_back(expand(pattern, values));
  } else {
    command.arguments.insert(command.arguments.end(), {"--port", port, "--storage-path",
                                                       placement.storage_path, "--node-id", node_id});
  }
  command.environment = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                         "STORAGE_PORT=" + port, "STORAGE_PATH=" + placement.storage_path,
                         "NODE_ID=" + node_id, "MEMORY_LIMIT_MB=" + memory};
  if (!storage.listen_address.empty())
    command.environment.push_back("STORAGE_HOST=" + storage.listen_address);
  for (const auto& [name, pattern] : storage.env) {
    std::erase_if(command.environment, [&](const std::string& have) { return have.starts_with(name + "="); });
    command.environment.push_back(name + "=" + expand(pattern, values));
  }
  return command;
}

}  // namespace sutra::supervisor
