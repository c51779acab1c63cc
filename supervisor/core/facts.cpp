#include "supervisor/core/facts.h"

namespace sutra::supervisor::core {

Facts facts_of(const Node& node, const ProcessIdentity& process) {
  Facts facts;
  facts.intent = node.intent;
  facts.state = node.state;
  if (node.leader != Leader::kNone) facts.process = process;
  facts.generation = node.generation;
  facts.started_at_unix = node.started_at_unix;
  facts.since = node.since;
  // Only the wait before a restart goes on over our end; the next supervisor arms all other timers itself.
  if (node.timer && node.timer->kind == TimerKind::kRetry) facts.retry_due = node.timer->due;
  facts.history = node.history;
  facts.last_exit = node.last_exit;
  return facts;
}

}  // namespace sutra::supervisor::core
