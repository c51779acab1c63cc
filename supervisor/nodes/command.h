// What is executed for a storage server: flags or templates, and an environment that holds nothing of ours.
// Pure.
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

/// Without storage.args: --port PORT --storage-path PATH --node-id ID. Always in the environment:
/// STORAGE_PORT, STORAGE_PATH, NODE_ID, MEMORY_LIMIT_MB, with storage.listen_address STORAGE_HOST;
/// storage.env comes last.
[[nodiscard]] ServerCommand server_command(const Config::Storage& storage, const std::string& node_id,
                                           const core::Placement& placement);

}  // namespace sutra::supervisor
