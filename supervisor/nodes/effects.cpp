// Carries out the effects of a step of the state machine, in the order in which the step lists them. It makes
// no decisions. Supervisor.
#include <variant>

#include "common/log/logging.h"
#include "common/overload.h"
#include "supervisor/nodes/entry.h"
#include "supervisor/nodes/row.h"

namespace sutra::supervisor {

void Nodes::execute(Entry& entry, core::Transition transition, std::optional<core::Waiter> requester) {
  core::Node before = std::exchange(entry.node, std::move(transition.node));
  for (const auto& effect : transition.effects) {
    if (std::holds_alternative<core::CommitIntent>(effect)) {
      // On disk before anything else happens: a node that was started and is not recorded would be lost by a
      // crash. When that fails, undo the step and refuse the request; no other effect was carried out yet.
      if (const Status written = parts_.ledger.write_intent(entry.node.intent); !written) {
        entry.node = std::move(before);
        refuse(entry, requester,
               "node " + entry.id() + ": nothing was changed: " + written.error().message());
        if (entry.node.state == core::State::kGone) remove(entry.id());
        return;
      }
      entry.intent_saved = true;
      continue;
    }
    obey(entry, effect, requester);
  }
  // Publish before the answers are sent: a caller that reads the node table after its answer must see the new
  // state.
  const auto due = std::exchange(due_, {});
  if (entry.node.state == core::State::kGone) {
    remove(NodeId(entry.id()));
  } else {
    publish(entry);
  }
  for (const auto& [reply, outcome] : due) reply(outcome);
}

void Nodes::obey(Entry& entry, const core::Effect& effect, std::optional<core::Waiter> requester) {
  NodeProcess* const process = entry.process.get();
  std::visit(Overload{
                 [](const core::CommitIntent&) {},  // execute() does it, because it can undo the step
                 [&](const core::SaveIntent&) { save_intent(entry); },
                 [&](const core::SaveFacts&) { (void)save_facts(entry); },
                 [&](const core::Forget&) { forget(entry); },
                 [&](const core::RecordDeath& e) { record_death(entry, e); },
                 [&](const core::RecordEvent& e) {
                   record(entry.id(), e.generation, e.what, e.cause, std::nullopt);
                 },
                 [&](const core::Reap&) {
                   if (process != nullptr) process->reap();
                 },
                 [&](const core::Spawn&) { spawn(entry); },
                 [&](const core::Terminate&) {
                   if (process != nullptr) process->terminate();
                 },
                 [&](const core::Kill&) {
                   if (process != nullptr) process->kill();
                 },
                 [&](const core::ArmTimer& e) { arm(entry, e); },
                 [&](const core::DisarmTimer&) { entry.timer.reset(); },
                 [&](const core::Answer& e) { answer(entry, e); },
                 [&](const core::Refuse& e) { refuse(entry, requester, e.text); },
             },
             effect);
}

void Nodes::save_intent(Entry& entry) {
  const Status written = parts_.ledger.write_intent(entry.node.intent);
  entry.intent_saved = written.ok();
  if (written) return;
  log::error("node " + entry.id() +
                 ": its intent could not be saved and is kept in memory only: " + written.error().message(),
             {{"node_id", entry.id()}});
}

void Nodes::forget(const Entry& entry) {
  parts_.platform.forget_execution(entry.id());
  if (const Status forgotten = parts_.ledger.forget(entry.id()); !forgotten) {
    unforgotten_[entry.id()] = {entry.node.generation, entry.node.intent.revision};
    log::error("forget node " + entry.id() + ": " + forgotten.error().message(), {{"node_id", entry.id()}});
    return;
  }
  unforgotten_.erase(entry.id());
}

void Nodes::record_death(const Entry& entry, const core::RecordDeath& death) {
  const std::string text = "node " + entry.id() + " (pid " +
                           std::to_string(entry.process ? entry.process->identity().pid : 0) + ") " +
                           describe(death.exit);
  const std::initializer_list<log::Field> fields = {{"node_id", entry.id()},
                                                    {"generation", death.generation}};
  if (entry.node.state == core::State::kStopping) {
    log::info("", text, fields);  // the stop was requested, so its end is no warning
  } else {
    log::warning(text, fields);
  }
  record(entry.id(), death.generation, "died", describe(death.exit), death.exit);
}

void Nodes::arm(Entry& entry, const core::ArmTimer& order) {
  entry.timer =
      parts_.platform.timers().after(order.delay, [this, id = entry.id(), token = order.timer.token] {
        // After this process was suspended (SIGSTOP, a debugger) the loop runs timers before descriptors.
        // Read first what a launcher reported meanwhile, else a start that succeeded in time would count as
        // timed out.
        const Entry* now_due = find(id);
        if (now_due != nullptr && now_due->process) now_due->process->catch_up();
        post(id, core::TimerFired{token});
      });
}

// Only collects the answers; execute() sends them after publish().
void Nodes::answer(Entry& entry, const core::Answer& answer) {
  std::vector<Reply> replies;
  replies.swap(entry.waiters(answer.waiter));
  if (replies.empty()) return;
  Outcome outcome{answer.success, answer.text, 0, entry.node.intent.placement.port};
  if (entry.process && entry.node.leader == core::Leader::kAlive) {
    outcome.pid = static_cast<std::uint32_t>(entry.process->identity().pid);
  }
  if (answer.with_output) {
    const std::string lines = parts_.platform.last_output(entry.id(), entry.log_from);
    if (!lines.empty()) {
      outcome.text += "; its last output:\n" + lines;
    } else if (entry.node.started_at_unix != 0) {  // only for a server that was executed
      outcome.text += "; it printed nothing";
    }
  }
  if (!answer.success) log::warning(outcome.text, {{"node_id", entry.id()}});
  for (Reply& reply : replies) due_.emplace_back(std::move(reply), outcome);
}

void Nodes::refuse(Entry& entry, std::optional<core::Waiter> requester, const std::string& text) {
  if (!requester || entry.waiters(*requester).empty()) return;
  // The last one is this request: it was appended just before the step.
  const Reply reply = std::move(entry.waiters(*requester).back());
  entry.waiters(*requester).pop_back();
  reply({false, text, 0, 0});
}

void Nodes::publish(Entry& entry) {
  const std::uint32_t pid = entry.process ? static_cast<std::uint32_t>(entry.process->identity().pid) : 0;
  const bool probe = parts_.config.storage.readiness == Readiness::kTcp;
  parts_.table.publish(entry.row,
                       node_row(entry.node, pid, parts_.storage_uid, probe, parts_.platform.timers().now()));
  row_changed_(entry.row);
}

}  // namespace sutra::supervisor
