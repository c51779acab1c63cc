// The log lines about the link to the Master: texts, symbols and levels. Comms.
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

/// Values that the lines contain.
struct NewsContext {
  AgentIdentity identity;
  std::vector<HostPort> hosts;
  std::chrono::seconds heartbeat_interval{};
};

/// The line for an announcement. Text from a Master is made printable and cut at 400 bytes. Pure.
[[nodiscard]] NewsLine render(const link_action::Announce& news, const NewsContext& context);

/// Writes the line to the log, with its values as JSON fields.
void tell(const link_action::Announce& news, const NewsContext& context);

}  // namespace sutra::comms
