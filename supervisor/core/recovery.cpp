#include "supervisor/core/recovery.h"

#include <algorithm>
#include <utility>

namespace sutra::supervisor::core {
namespace {

/// A retry lies at most the longest backoff ahead, jitter included.
Nanoseconds longest_retry(const Policy& policy) { return policy.backoff_max * 6 / 5; }

Node node_of(const Facts& facts, const Policy& policy, Nanoseconds now) {
  Node node;
  node.state = facts.state;
  node.generation = facts.generation;
  node.started_at_unix = facts.started_at_unix;
  node.history = facts.history;
  node.last_exit = facts.last_exit;
  // A record may outlive a boot where runtime_dir is on a disk, and CLOCK_BOOTTIME begins anew.
  node.since = std::min(facts.since, now);
  std::erase_if(node.history.failures, [now](Nanoseconds failure) { return failure > now; });
  if (facts.retry_due) {
    node.timer = Timer{TimerKind::kRetry, 0, std::min(*facts.retry_due, now + longest_retry(policy))};
  }
  return node;
}

}  // namespace

RecoveredNode recover(Intent intent, const std::optional<Facts>& facts, std::uint64_t found_generation,
                      const KernelView& kernel, const Policy& policy, Nanoseconds now) {
  RecoveredNode recovery;
  if (!facts) {
    recovery.node.state = State::kBackoff;
    recovery.node.found_generation = found_generation;
    recovery.node.intent = std::move(intent);
    return recovery;
  }
  recovery.node = node_of(*facts, policy, now);
  recovery.node.found_generation = found_generation;
  recovery.node.intent = std::move(intent);
  const bool recorded = facts->process.pid != 0;
  const bool executed =
      facts->started_at_unix != 0 || kernel.executed.value_or(kernel.process == Seen::kAlive);
  const bool never_executed = recorded && !executed;
  if (recorded && !never_executed) {
    recovery.event.process = true;
    recovery.event.dead = kernel.process == Seen::kGone;
    recovery.watch = ToWatch::kProcess;
    return recovery;
  }
  if (never_executed) recovery.node.leader = Leader::kLaunching;
  recovery.event.leftovers = kernel.tree_populated;
  if (kernel.tree_populated) recovery.watch = ToWatch::kTree;
  return recovery;
}

}  // namespace sutra::supervisor::core
