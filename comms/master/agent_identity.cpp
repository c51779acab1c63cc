#include "comms/master/agent_identity.h"

#include <string_view>

#include "common/text.h"
#include "common/version.h"

namespace sutra::comms {
namespace {

// Values are cut so that the text fits into ipc::AgentInfoText. The length before each value distinguishes
// values that were cut, and keeps a value from imitating the next field.
std::string field(std::string_view name, std::string_view value) {
  return std::string(name) + "=" + std::to_string(value.size()) + ":" + printable(value, 180) + "\n";
}

}  // namespace

AgentIdentity AgentIdentity::of(const Config& config, const std::string& hostname) {
  AgentIdentity identity;
  identity.agent_id = config.agent.agent_id;
  identity.hostname = hostname;
  identity.platform = config.agent.platform;
  identity.max_storage_nodes = config.agent.max_storage_nodes;
  identity.version = kVersion;
  identity.endpoint = HostPort{config.agent.advertise_host, config.agent.agent_port}.text();
  return identity;
}

ipc::AgentInfoText AgentIdentity::canonical_text() const {
  const std::string text = "agent-info 1\n" + field("version", version) +
                           field("max_storage_nodes", std::to_string(max_storage_nodes)) +
                           field("endpoint", endpoint) + field("agent_id", agent_id) +
                           field("hostname", hostname) + field("platform", platform);
  ipc::AgentInfoText out;
  (void)out.assign(text);
  return out;
}

}  // namespace sutra::comms
