// Writes the nodes' facts and events, and tries again what a full or faulty disk refused. Supervisor.
#include "common/log/logging.h"
#include "supervisor/nodes/entry.h"

namespace sutra::supervisor {
namespace {

constexpr std::size_t kMaxUnrecorded = 4096;  // events; a disk that stays full must not fill our memory

}  // namespace

Status Nodes::save_facts(Entry& entry) {
  const ProcessIdentity process = entry.process ? entry.process->identity() : ProcessIdentity{};
  const Status written = parts_.ledger.write_facts(core::facts_of(entry.node, process));
  if (!written && !facts_failed_) {
    log::error("record node " + entry.id() + ": " + written.error().message() +
                   "; nodes go on running, but if the supervisor dies now their deaths and restarts are not "
                   "accounted for",
               {{"node_id", entry.id()}});
  }
  facts_failed_ = !written;
  return written;
}

Status Nodes::keep_records() {
  for (const auto& [id, entry] : entries_) {
    const Ledger::Present present = parts_.ledger.present(id);
    if (!present.intent || !entry->intent_saved) {
      if (Status written = parts_.ledger.write_intent(entry->node.intent); !written) return written;
      entry->intent_saved = true;
    }
    if (!present.facts) {
      if (Status written = save_facts(*entry); !written) return written;
    }
  }
  return {};
}

void Nodes::record(const NodeId& node_id, std::uint64_t generation, const std::string& what,
                   const std::string& cause, std::optional<core::Exit> exit) {
  unrecorded_.push_back({parts_.platform.timers().now().unix_secs, node_id, generation, what, cause, exit});
  record_all();
}

/// Events are written in the order in which they happened, so one that fails holds back those after it.
void Nodes::record_all() {
  while (!unrecorded_.empty()) {
    const Status appended = parts_.ledger.append(unrecorded_.front());
    if (!appended) {
      if (!events_failed_) {
        log::error("record event: " + appended.error().message() + "; it is tried again",
                   {{"node_id", unrecorded_.front().node_id}});
      }
      events_failed_ = true;
      if (unrecorded_.size() > kMaxUnrecorded) unrecorded_.pop_front();
      return;
    }
    events_failed_ = false;
    unrecorded_.pop_front();
  }
}

}  // namespace sutra::supervisor
