// Formats the agent's answers: as aligned text for people, as JSON for programs. Pure. sutra-agentctl.
#pragma once
#include <string>
#include <vector>

#include "ipc/messages.h"
#include "ipc/node_table.h"

namespace sutra::ctl {

using Rows = std::vector<ipc::NodeTableReader::Read>;

inline constexpr int kSchema = 1;  ///< in every JSON object; raised by an incompatible change

[[nodiscard]] std::string status_text(const ipc::AgentStatus& status, const Rows& nodes);
/// {schema, agent, supervisor, comms, master, nodes}
[[nodiscard]] std::string status_json(const ipc::AgentStatus& status, const Rows& nodes);
[[nodiscard]] std::string list_text(const Rows& nodes);
/// {schema, nodes}
[[nodiscard]] std::string list_json(const Rows& nodes);
[[nodiscard]] std::string done_json(const ipc::Done& done, const std::string& node_id);
[[nodiscard]] std::string doctor_text(const ipc::AgentStatus& status);
[[nodiscard]] std::string doctor_json(const ipc::AgentStatus& status);
/// "exit 7", "signal 9", "out of memory", "unknown"; "-" for none.
[[nodiscard]] std::string last_exit_text(const ipc::NodeRow& row);

}  // namespace sutra::ctl
