#include "supervisor/core/recovery.h"

#include <algorithm>
#include <utility>

namespace sutra::supervisor::core {
namespace {

/// A retry lies at most the longest backoff ahead, jitter included.
Nanoseconds longest_retry(const Policy& policy) { return policy.backoff_max * 6 / 5; }

Node node_of(const LastRecord& record, const Policy& policy, Nanoseconds now) {
  Node node;
  node.state = record.state;
  node.generation = record.generation;
  node.started_at_unix = record.started_at_unix;
  node.history = record.history;
  node.last_exit = record.last_exit;
  // A record may outlive a boot where runtime_dir is on a disk, and CLOCK_BOOTTIME begins anew.
  // A time below 0 is one that did not fit when it was recorded.
  const auto of_this_boot = [now](Nanoseconds time) { return time >= Nanoseconds{0} && time <= now; };
  node.since = of_this_boot(record.since) ? record.since : now;
  std::erase_if(node.history.failures, [&](Nanoseconds failure) { return !of_this_boot(failure); });
  if (record.retry_due) {
    const Nanoseconds due = std::clamp(*record.retry_due, Nanoseconds{0}, now + longest_retry(policy));
    node.timer = Timer{TimerKind::kRetry, 0, due};
  }
  return node;
}

}  // namespace

Recovery recover(Intent intent, const std::optional<LastRecord>& record, std::uint64_t found_generation,
                 const KernelView& kernel, const Policy& policy, Nanoseconds now) {
  Recovery recovery;
  if (!record) {
    recovery.node.state = State::kBackoff;
    recovery.node.found_generation = found_generation;
    recovery.node.intent = std::move(intent);
    return recovery;
  }
  recovery.node = node_of(*record, policy, now);
  recovery.node.found_generation = found_generation;
  recovery.node.intent = std::move(intent);
  const bool executed =
      record->started_at_unix != 0 || kernel.executed.value_or(kernel.process == Seen::kAlive);
  const bool never_executed = record->process && !executed;
  if (record->process && !never_executed) {
    recovery.event.process = true;
    recovery.event.dead = kernel.process == Seen::kGone;
    recovery.watch = Watch::kProcess;
    return recovery;
  }
  if (never_executed) recovery.node.leader = Leader::kLaunching;
  recovery.event.leftovers = kernel.tree_populated;
  if (kernel.tree_populated) recovery.watch = Watch::kTree;
  return recovery;
}

}  // namespace sutra::supervisor::core
