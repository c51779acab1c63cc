// How answers look: aligned text for people, JSON for programs. Pure. The operator's tool.
#pragma once
#include <string>
#include <vector>

#include "ipc/messages.h"
#include "ipc/node_table.h"

namespace sutra::ctl {

using Rows = std::vector<ipc::NodeTableReader::Read>;

inline constexpr int kSchema = 1;

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
