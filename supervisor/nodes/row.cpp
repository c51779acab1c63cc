#include "supervisor/nodes/row.h"

namespace sutra::supervisor {
namespace {

std::uint64_t unix_time(std::int64_t seconds) {
  return seconds < 0 ? 0 : static_cast<std::uint64_t>(seconds);
}

}  // namespace

ipc::NodeRow node_row(const core::Node& node, std::uint32_t pid, std::uint32_t uid, bool probe,
                      const core::Moment& now) {
  ipc::NodeRow row;
  row.node_id.assign(node.intent.node_id.str());
  row.storage_path.assign(node.intent.placement.storage_path);
  row.generation = node.generation;
  row.memory_limit_mb = node.intent.placement.memory_mb;
  const bool alive = node.leader == core::Leader::kAlive;
  row.pid = alive ? pid : 0;
  row.started_at = alive ? unix_time(node.started_at_unix) : 0;
  row.port = node.intent.placement.port;
  row.restart_count = node.history.restart_count;
  row.state = node.state;
  row.goal = node.goal;
  row.probe = probe ? 1 : 0;
  row.uid = uid;
  if (node.timer && node.timer->kind == core::TimerKind::kRetry) {
    const auto wait = std::chrono::ceil<std::chrono::seconds>(node.timer->due - now.boot);
    row.next_retry_at = unix_time(now.unix_secs + wait.count());
  }
  if (node.last_exit) {
    row.exit_cause = node.last_exit->cause;
    row.exit_code = node.last_exit->code;
    row.exit_signal = node.last_exit->signal;
    row.last_exit_at = unix_time(node.last_exit->at_unix);
  }
  return row;
}

}  // namespace sutra::supervisor
