// What the operator reads about the link to the Master: the lines, their symbols and their levels. Comms.
#pragma once
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/config.h"
#include "comms/master/agent_identity.h"
#include "comms/master/master_link.h"

namespace sutra::comms {

struct NewsLine {
  LogLevel level{};
  std::string_view symbol;
  std::string text;
};

/// What the lines name.
struct NewsContext {
  AgentIdentity identity;
  std::vector<HostPort> hosts;
  std::chrono::seconds heartbeat_interval{};
};

/// The line for an announcement. Pure. Text that came from a Master is made printable and cut.
[[nodiscard]] NewsLine render(const link_action::Announce& news, const NewsContext& context);

/// Writes it to the log, with the facts as fields.
void tell(const link_action::Announce& news, const NewsContext& context);

}  // namespace sutra::comms
