// Rows whose fields are all computed from one number, so that a mixture of two rows is detected. Tests only.
#pragma once
#include <cstring>
#include <string>

#include "ipc/node_table.h"

namespace sutra::ipc::testing {

[[nodiscard]] inline NodeRow patterned_row(std::uint64_t n) {
  NodeRow row;
  row.node_id.assign("node-" + std::to_string(n));
  std::string path = "/data";
  while (path.size() < 230) path += "/" + std::to_string(n);
  row.storage_path.assign(path);
  row.generation = n;
  row.memory_limit_mb = n * 3;
  row.started_at = n * 5;
  row.next_retry_at = n * 7;
  row.last_exit_at = n * 11;
  row.pid = static_cast<std::uint32_t>(n % 4'000'000 + 1);
  row.port = static_cast<std::uint32_t>(n % 65'535 + 1);
  row.restart_count = static_cast<std::uint32_t>(n);
  row.exit_code = static_cast<std::int32_t>(n % 256);
  row.exit_signal = static_cast<std::int32_t>(n % 64);
  row.state = static_cast<NodeState>(n % 7 + 1);
  row.goal = static_cast<NodeGoal>(n % 3);
  row.exit_cause = static_cast<ExitCause>(n % 5);
  row.probe = static_cast<std::uint8_t>(n % 2);
  row.uid = static_cast<std::uint32_t>(n * 13);
  return row;
}

[[nodiscard]] inline bool same(const NodeRow& a, const NodeRow& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}
/// Whether the row is one of patterned_row(), or free.
[[nodiscard]] inline bool is_whole(const NodeRow& row) {
  return same(row, patterned_row(row.generation)) || same(row, NodeRow{});
}

}  // namespace sutra::ipc::testing
