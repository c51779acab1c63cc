// Starting a node's process and finding it again, in the order of supervisor/nodes_spawn.cpp and
// nodes_recover.cpp.
#include <algorithm>
#include <utility>

#include "tests/simulation/shell.h"

namespace sutra::simulation {

bool Shell::unmanaged_holder(const std::string& node_id) {
  std::erase_if(unmanaged_,
                [&](const Leaf& leaf) { return leaf.node_id == node_id && !world_.kernel.populated(leaf); });
  return std::any_of(unmanaged_.begin(), unmanaged_.end(),
                     [&](const Leaf& leaf) { return leaf.node_id == node_id; });
}

bool Shell::try_spawn(Entry& entry) {
  if (entry.process) retired_.push_back(std::move(entry.process));
  if (!world_.kernel.calm && world_.random.chance(10)) {
    world_.coverage.see(Mark::kDirectoryFails);
    return false;
  }
  const std::string& id = entry.node.intent.node_id;
  world_.disk.begin_mark({id, entry.node.generation});
  entry.process = process_of(id, entry.node.generation);
  if (!entry.process->launch(entry.node.intent.placement.storage_path)) {
    retired_.push_back(std::move(entry.process));
    return false;
  }
  if (planted_.opens_gate_first) entry.process->open();
  may_be_killed(Mark::kSupervisorKilledAtGate);
  (void)save_facts(entry);
  may_be_killed(Mark::kSupervisorKilledAtGate);
  entry.process->open();
  return true;
}

void Shell::spawn(Entry& entry) {
  const std::string& id = entry.node.intent.node_id;
  const std::uint64_t generation = entry.node.generation;
  entry.recorded = 0;
  world_.checks.launched(id, recovering_);
  if (unmanaged_holder(id)) {
    world_.checks.lock_was_held(id);
    post(id, core::LaunchFailed{generation, true, "unmanaged"});
    return;
  }
  if (!try_spawn(entry) && !entry.process) post(id, core::LaunchFailed{generation, false, "launch"});
}

bool Shell::save_facts(Entry& entry) {
  Facts facts;
  facts.intent = entry.node.intent;
  facts.record.state = entry.node.state;
  if (entry.process && entry.node.leader != core::Leader::kNone) {
    facts.process = entry.process->identity();
    facts.record.process = true;
  }
  facts.record.generation = entry.node.generation;
  facts.record.started_at_unix = entry.node.started_at_unix;
  facts.record.since = entry.node.since;
  if (entry.node.timer && entry.node.timer->kind == core::TimerKind::kRetry)
    facts.record.retry_due = entry.node.timer->due;
  facts.record.history = entry.node.history;
  facts.record.last_exit = entry.node.last_exit;
  return world_.disk.write_facts(facts);
}

bool Shell::keep_records() {
  for (const auto& [id, entry] : entries_) {
    if (!world_.disk.intents.contains(id) && !world_.disk.write_intent(entry->node.intent)) return false;
    if (!world_.disk.facts.contains(id) && !save_facts(*entry)) return false;
  }
  return true;
}

void Shell::recover() {
  recovering_ = true;
  world_.disk.open_events();
  const auto recorded = world_.disk.read();
  world_.checks.recovering(recorded);
  for (auto leaf = world_.kernel.leaves.begin(); leaf != world_.kernel.leaves.end();) {
    const auto known = recorded.find(leaf->first.node_id);
    const bool ours = known != recorded.end() && known->second.facts &&
                      known->second.facts->record.generation == leaf->first.generation;
    const bool populated = world_.kernel.populated(leaf->first);
    if (populated && !ours) {
      world_.coverage.see(Mark::kUnmanagedFound);
      unmanaged_.push_back(leaf->first);
    }
    leaf = !populated && !ours ? world_.kernel.leaves.erase(leaf) : std::next(leaf);
  }
  for (const auto& [id, each] : recorded) adopt(id, each);
  recovering_ = false;
}

void Shell::adopt(const std::string& node_id, const Recorded& recorded) {
  Entry& entry = make_entry(node_id);
  std::uint64_t found_generation = 0;
  for (const Leaf& leaf : unmanaged_) {
    if (leaf.node_id == node_id) found_generation = std::max(found_generation, leaf.generation);
  }
  core::KernelView kernel;
  std::optional<core::LastRecord> record;
  Serial pidfd = 0;
  if (recorded.facts) {
    record = recorded.facts->record;
    entry.recorded = recorded.facts->process.truth;
    if (record->process) pidfd = world_.kernel.reopen(recorded.facts->process, planted_.adopts_by_pid_alone);
    if (pidfd != 0) kernel.process = world_.kernel.at(pidfd).alive ? core::Seen::kAlive : core::Seen::kEnded;
    if (record->started_at_unix == 0) kernel.executed = world_.disk.mark({node_id, record->generation});
    kernel.tree_populated = world_.kernel.populated({node_id, record->generation});
  }
  core::Recovery recovery = planted_.recover(recorded.intent, record, found_generation, kernel,
                                             settings_.policy, world_.kernel.now);
  entry.node = std::move(recovery.node);
  posted_.push_back({node_id, entry.incarnation, recovery.event, std::nullopt});
  if (kernel.process == core::Seen::kAlive) {
    const bool launcher = world_.kernel.at(pidfd).role == Role::kLauncher;
    world_.coverage.see(launcher ? Mark::kAdoptedLauncher : Mark::kAdopted);
    world_.kernel.at(pidfd).adopted_at_gate |= launcher;
  }
  if (recovery.watch != core::Watch::kNothing) entry.process = process_of(node_id, entry.node.generation);
  switch (recovery.watch) {
    case core::Watch::kNothing:
      if (recorded.facts) world_.kernel.leaves.erase({node_id, entry.node.generation});
      break;
    case core::Watch::kProcess:
      entry.process->adopt(recorded.facts->process, pidfd);
      break;
    case core::Watch::kTree:
      world_.coverage.see(Mark::kLeftoversFound);
      entry.process->adopt_leftovers();
      break;
  }
  drain();
  retired_.clear();
}

}  // namespace sutra::simulation
