// The command line and environment of a storage server. Nothing of the agent's own environment is passed.
// Pure. Supervisor.
#pragma once
#include <string>
#include <vector>

#include "common/config/config.h"
#include "supervisor/core/node.h"

namespace sutra::supervisor {

struct ServerCommand {
  std::vector<std::string> arguments;    ///< argv
  std::vector<std::string> environment;  ///< "NAME=value"
};

/// Arguments: storage.args with its placeholders replaced; when that key is not set: --port PORT
/// --storage-path PATH --node-id ID. Environment: PATH, STORAGE_PORT, STORAGE_PATH, NODE_ID, MEMORY_LIMIT_MB,
/// and STORAGE_HOST when storage.listen_address is set; storage.env overrides them.
[[nodiscard]] ServerCommand server_command(const Config::Storage& storage, const std::string& node_id,
                                           const core::Placement& placement);

}  // namespace sutra::supervisor
