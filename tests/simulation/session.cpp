#include "tests/simulation/session.h"

namespace sutra::simulation {

void Session::may_be_killed(Mark where) {
  if (world.random.chance(killed_per_mille_))
    throw Killed{recovering ? Mark::kSupervisorKilledInRecovery : where};
}

supervisor::Decisions Session::decisions() {
  supervisor::Decisions decide;
  decide.start_new = [this](core::Intent intent, const core::Predecessor& last,
                            const core::Context& context) {
    const std::string id = intent.node_id;
    world.checks.policy = context.policy;
    auto first = core::start_new(std::move(intent), last, context);
    begin(id, core::StartRequested{}, first, true);
    return first;
  };
  decide.step = [this](core::Node node, const core::Event& event, const core::Context& context) {
    const std::string id = node.intent.node_id;
    world.checks.policy = context.policy;
    // A lock that the launcher met, and not processes that the shell knew of before it launched anything.
    const auto* failed = std::get_if<core::LaunchFailed>(&event);
    if (failed != nullptr && failed->locked && launched_[id] == failed->generation)
      world.checks.lock_was_held(id);
    const auto* fired = std::get_if<core::TimerFired>(&event);
    if (fired != nullptr && node.timer && node.timer->token == fired->token &&
        node.timer->kind == core::TimerKind::kLaunch)
      world.coverage.see(Mark::kLaunchGivenUp);
    auto next = planted.step(std::move(node), event, context);
    begin(id, event, next, false);
    return next;
  };
  decide.recover = [this](core::Intent intent, const std::optional<core::Facts>& record, std::uint64_t found,
                          const core::KernelView& kernel, const core::Policy& policy, Nanoseconds now) {
    auto recovery = planted.recover(std::move(intent), record, found, kernel, policy, now);
    if (recovery.watch == core::ToWatch::kTree) world.coverage.see(Mark::kLeftoversFound);
    return recovery;
  };
  decide.may_probe_restart = planted.may_probe_restart;
  return decide;
}

void Session::begin(const std::string& node_id, const core::Event& event, const core::Transition& transition,
                    bool is_new) {
  ++world.coverage.core_steps;
  in_step_ = true;
  is_new_ = is_new;
  parked_ = transition.node.goal == core::Goal::kParked;
  node_id_ = node_id;
  generation_ = transition.node.generation;
  event_ = event;
  state_ = transition.node.state;
  commits_ = false;
  saves_ = 0;
  armed_.clear();
  records_.clear();
  world.checks.cause = {&node_id_, &event_};
  for (const core::Effect& effect : transition.effects) {
    ++world.coverage.effects[effect.index()];
    if (std::holds_alternative<core::CommitIntent>(effect)) commits_ = true;
    if (std::holds_alternative<core::SaveIntent>(effect)) ++saves_;
    if (const auto* arm = std::get_if<core::ArmTimer>(&effect)) armed_.push_back(*arm);
    if (const auto* record = std::get_if<core::RecordEvent>(&effect)) {
      const Leaf leaf{node_id, record->generation};
      records_.push_back({leaf, record->what, subject(leaf), false});
    }
    if (const auto* death = std::get_if<core::RecordDeath>(&effect)) {
      const Leaf leaf{node_id, death->generation};
      records_.push_back({leaf, "died", subject(leaf), false});
      world.checks.death_noticed(subject(leaf));
    }
  }
  if (!commits_) records_follow();
}

void Session::records_follow() {
  unwritten_.insert(unwritten_.end(), records_.begin(), records_.end());
  records_.clear();
}

Session::Write Session::intent_write() {
  if (!in_step_) return Write::kOther;
  if (commits_) return Write::kCommit;
  if (saves_ == 0) return Write::kOther;
  --saves_;
  return Write::kSave;
}

void Session::commit_failed() {
  world.coverage.see(Mark::kRequestRefusedByDisk);
  in_step_ = commits_ = false;
  world.checks.cause = {};
}

void Session::committed(const core::Intent& intent) {
  commits_ = false;
  if (is_new_) world.checks.new_node(node_id_);
  if (intent.goal == core::Goal::kStopped) world.checks.stop_committed(node_id_);
  records_follow();
}

std::optional<std::pair<std::string, core::Timer>> Session::next_armed(Nanoseconds delay) {
  if (!in_step_ || armed_.empty() || armed_.front().delay != delay) return std::nullopt;
  std::pair<std::string, core::Timer> next{node_id_, armed_.front().timer};
  armed_.pop_front();
  return next;
}

void Session::step_over() {
  if (!in_step_) return;
  in_step_ = false;
  world.checks.cause = {};
  world.checks.step_done(node_id_);
  ++world.coverage.states[static_cast<std::size_t>(state_)];
}

void Session::started(const Leaf& leaf, Serial process) {
  launched_[leaf.node_id] = leaf.generation;
  subjects_[leaf] = process;
  if (process != 0) held_.insert(process);
}

Serial Session::subject(const Leaf& leaf) const {
  const auto found = subjects_.find(leaf);
  return found == subjects_.end() ? 0 : found->second;
}

bool Session::is_child(Serial process) const {
  return held_.contains(process) && world.kernel.at(process).parent == Parent::kSupervisor;
}

Serial Session::next_event(const Leaf& leaf, const std::string& what) {
  const bool in_order =
      !unwritten_.empty() && unwritten_.front().leaf == leaf && unwritten_.front().what == what;
  if (!in_order) {
    world.checks.violation("I5", "the event \"" + what + "\" of " + leaf.node_id + "." +
                                     std::to_string(leaf.generation) + " is appended out of its order");
    return subject(leaf);
  }
  return unwritten_.front().process;
}

void Session::event_written() {
  if (!unwritten_.empty()) unwritten_.pop_front();
}

void Session::event_failed() {
  for (Due& due : unwritten_) due.waits = true;
}

void Session::over() {
  for (const Due& due : unwritten_) {
    if (due.waits) world.checks.event_not_written(due.process);
  }
}

}  // namespace sutra::simulation
