// Converts a node into its row of the node table. Pure. Supervisor.
#pragma once
#include <cstdint>

#include "ipc/node_table.h"
#include "supervisor/core/node.h"

namespace sutra::supervisor {

/// `pid`: of the launched process; the row shows it only while the process is alive. `uid`: the user of the
/// node. `probe`: comms probes the node's port.
[[nodiscard]] ipc::NodeRow node_row(const core::Node& node, std::uint32_t pid, std::uint32_t uid, bool probe,
                                    const core::Moment& now);

}  // namespace sutra::supervisor
