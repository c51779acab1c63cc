// What the node table shows of a node. Supervisor.
#pragma once
#include <cstdint>

#include "ipc/node_table.h"
#include "supervisor/core/node.h"

namespace sutra::supervisor {

/// `pid` is the process that was launched; the row shows it only while it lives.
[[nodiscard]] ipc::NodeRow node_row(const core::Node& node, std::uint32_t pid, std::uint32_t uid, bool probe,
                                    const core::Moment& now);

}  // namespace sutra::supervisor
