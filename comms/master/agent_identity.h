// Who we say we are: the AgentInfo of the grid, as plain values. Comms.
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
  std::string endpoint;  ///< "host:port" where our own server is reached

  /// From the checked configuration; `hostname` is what gethostname(2) says.
  [[nodiscard]] static AgentIdentity of(const Config& config, const std::string& hostname);

  /// One text for equal identities, different texts for different ones. The supervisor keeps the last one
  /// that a Master acknowledged, so that the next comms knows whether it must register.
  [[nodiscard]] ipc::AgentInfoText canonical_text() const;
};

}  // namespace sutra::comms
