// The agent's identity: the fields of the grid's AgentInfo message as plain values. Comms.
#pragma once
#include <cstdint>
#include <string>

#include "common/config/config.h"
#include "ipc/messages.h"

namespace sutra::comms {

struct AgentIdentity {
  std::string agent_id;
  std::string hostname;
  std::string platform;
  std::uint32_t max_storage_nodes = 0;
  std::string version;
  std::string endpoint;  ///< "host:port" at which the Master reaches our server

  /// From the checked configuration; `hostname` from gethostname(2).
  [[nodiscard]] static AgentIdentity of(const Config& config, const std::string& hostname);

  /// A text that is equal exactly for equal identities. The supervisor keeps the last one that a Master
  /// acknowledged, so that the next comms knows whether it must register.
  [[nodiscard]] ipc::AgentInfoText canonical_text() const;
};

}  // namespace sutra::comms
