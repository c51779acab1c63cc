#include "tests/simulation/disk.h"

#include <array>

namespace sutra::simulation {

bool Disk::fails(unsigned per_mille, Mark mark) {
  if (!random_.chance(per_mille)) return false;
  coverage_.see(mark);
  return true;
}

void Disk::open_events() { over_ = over_in_file_; }

supervisor::NodeRecords Disk::read() {
  supervisor::NodeRecords nodes;
  std::set<std::string> stale = stale_intents;
  for (const auto& [id, intent] : intents) nodes[intent.node_id].intent = intent;
  for (const auto& [id, each] : facts) {
    const auto [known, only_facts] = nodes.try_emplace(each.intent.node_id);
    if (only_facts || each.intent.revision > known->second.intent.revision) {
      known->second.intent = each.intent;
      if (!write_intent(each.intent)) {
        known->second.intent_saved = false;
        stale.insert(id);
      }
    }
    known->second.facts = each;
  }
  stale_intents = stale;  // what is written back is no newer than what was read
  return nodes;
}

bool Disk::write_intent(const core::Intent& intent) {
  if (fails(state_fault_per_mille, Mark::kStateWriteFails)) {
    stale_intents.insert(intent.node_id);
    return false;
  }
  core::Intent& written = intents[intent.node_id] = intent;
  if (written.goal == core::Goal::kParked) written.goal = core::Goal::kRunning;
  stale_intents.erase(intent.node_id);
  return true;
}

bool Disk::write_facts(const Facts& written) {
  const std::string& id = written.intent.node_id;
  if (fails(runtime_fault_per_mille, Mark::kRuntimeWriteFails)) {
    stale_facts.insert(id);
    return false;
  }
  const auto before = facts.find(id);
  if (before != facts.end()) {
    facts_before_[id] = before->second;
  } else {
    facts_before_.erase(id);
  }
  facts[id] = written;
  stale_facts.erase(id);
  return true;
}

/// The mark of the generation before stays: its launcher may be on its way out.
void Disk::begin_mark(const Leaf& launch) {
  std::erase_if(marks_, [&](const auto& each) {
    return each.first.node_id == launch.node_id && each.first.generation % 2 == launch.generation % 2;
  });
  if (!random_.chance(runtime_fault_per_mille)) marks_[launch] = false;
}

void Disk::mark_executed(const Leaf& launch) {
  const auto found = marks_.find(launch);
  if (found == marks_.end()) return;
  if (random_.chance(runtime_fault_per_mille)) return unmark(launch);  // what fails is taken back
  found->second = true;
}

std::optional<bool> Disk::mark(const Leaf& launch) const {
  const auto found = marks_.find(launch);
  return found == marks_.end() ? std::nullopt : std::optional<bool>(found->second);
}

void Disk::forget_marks(const std::string& node_id) {
  std::erase_if(marks_, [&](const auto& each) { return each.first.node_id == node_id; });
}

bool Disk::forget(const std::string& node_id) {
  if (fails(runtime_fault_per_mille, Mark::kForgetFails)) {
    stale_facts.insert(node_id);
    return false;
  }
  facts.erase(node_id);
  facts_before_.erase(node_id);
  stale_facts.erase(node_id);
  if (fails(state_fault_per_mille, Mark::kForgetFails)) {
    stale_intents.insert(node_id);
    return false;
  }
  intents.erase(node_id);
  stale_intents.erase(node_id);
  return true;
}

Appended Disk::append_line(const std::string& node_id, std::uint64_t generation, const std::string& what) {
  const bool died = what == "died";
  const auto over = over_.find(node_id);
  if (died && over != over_.end() && generation <= over->second) {
    coverage_.see(Mark::kDeathRepeatDropped);
    return Appended::kRepeat;
  }
  const auto note = [&](std::map<std::string, std::uint64_t>& in) {
    if (died) in[node_id] = generation;
    if (what == "started") in[node_id] = generation - 1;
  };
  if (!died) note(over_);
  if (fails(state_fault_per_mille, Mark::kEventAppendFails)) return Appended::kFailed;
  note(over_);
  note(over_in_file_);
  return Appended::kWritten;
}

Appended Disk::append(const std::string& node_id, std::uint64_t generation, const std::string& what) {
  const Appended appended = append_line(node_id, generation, what);
  if (trace != nullptr) {
    static constexpr std::array kEnds{"", " (a repeat)", " (FAILED)"};
    trace->push_back("          event " + node_id + "." + std::to_string(generation) + " " + what +
                     kEnds[static_cast<std::size_t>(appended)]);
  }
  return appended;
}

void Disk::delete_state() {
  for (const auto& [id, intent] : intents) stale_intents.insert(id);
  intents.clear();
  over_in_file_.clear();
}

void Disk::delete_runtime() {
  for (const auto& [id, each] : facts) stale_facts.insert(id);
  facts.clear();
  facts_before_.clear();
  marks_.clear();
}

void Disk::lose_unsynced_facts() {
  for (auto at = facts.begin(); at != facts.end();) {
    const bool lost = random_.chance(400);
    if (lost) {
      coverage_.see(Mark::kFactsLostInReboot);
      stale_facts.insert(at->first);
    }
    const auto before = facts_before_.find(at->first);
    if (lost && before != facts_before_.end()) at->second = before->second;
    at = lost && before == facts_before_.end() ? facts.erase(at) : std::next(at);
  }
  facts_before_.clear();
}

}  // namespace sutra::simulation
