#include "tests/simulation/supervisor.h"

#include <algorithm>

#include "tests/support/node_ids.h"

namespace sutra::simulation {

Supervisor::Supervisor(World world, const Planted& planted, const Settings& settings)
    : session_(world, planted, settings.killed_per_mille),
      settings_(settings),
      platform_(session_),
      ledger_(session_) {}

bool Supervisor::recover() {
  session_.recovering = true;
  const auto contents = ledger_.read();
  session_.world.checks.recovering(contents.nodes);
  count_unmanaged(contents.nodes);
  const auto capacity =
      std::max<std::size_t>(settings_.config.agent.max_storage_nodes, contents.nodes.size());
  table_ = std::make_unique<SimulatedTable>(session_, static_cast<std::uint32_t>(capacity));
  nodes_ = std::make_unique<supervisor::Nodes>(
      supervisor::Nodes::Parts{settings_.config, 0, platform_, ledger_, *table_, session_.decisions()},
      [](std::uint32_t) {}, [] {});
  const bool recovered = nodes_->recover(contents.nodes).ok();
  session_.recovering = false;
  return recovered;
}

void Supervisor::count_unmanaged(const supervisor::NodeRecords& recorded) {
  for (const auto& leaf : platform_.leaves()) {
    const auto known = recorded.find(leaf.node_id);
    const bool ours =
        known != recorded.end() && known->second.facts && known->second.facts->generation == leaf.generation;
    if (leaf.populated && !ours) session_.world.coverage.see(Mark::kUnmanagedFound);
  }
}

supervisor::Reply Supervisor::reply(const std::string& node_id, core::Waiter waiter) {
  return
      [this, node_id, waiter, answered = std::make_shared<bool>(false)](const supervisor::Outcome& outcome) {
        if (std::exchange(*answered, true))
          session_.world.checks.violation("answers", "a request for node " + node_id + " was answered twice");
        session_.may_be_killed(Mark::kSupervisorKilledInStep);
        session_.world.checks.answered(node_id, waiter, outcome.success);
      };
}

void Supervisor::start(const std::string& node_id, const core::Request& request) {
  const bool known = nodes_->node(node_id) != nullptr;
  nodes_->start(testing::id_of(node_id), request, reply(node_id, core::Waiter::kStart));
  if (!known && nodes_->node(node_id) == nullptr)
    session_.world.coverage.see(Mark::kRequestRefusedByAdmission);
}

void Supervisor::stop(const std::string& node_id) {
  nodes_->stop(testing::id_of(node_id), reply(node_id, core::Waiter::kStop));
}

void Supervisor::restart(const std::string& node_id) {
  nodes_->restart(testing::id_of(node_id), reply(node_id, core::Waiter::kRestart));
}

void Supervisor::shut_down() {
  shutting_down_ = true;
  nodes_->shut_down();
}

void Supervisor::node_ready(const std::string& node_id, std::uint64_t generation) {
  nodes_->node_ready(testing::id_of(node_id), generation);
}

void Supervisor::node_unresponsive(const std::string& node_id, std::uint64_t generation) {
  const core::Node* before = nodes_->node(node_id);
  const bool running = before != nullptr && before->state == core::State::kRunning;
  nodes_->node_unresponsive(testing::id_of(node_id), generation, "probes failed");
  const core::Node* after = nodes_->node(node_id);
  if (running && after != nullptr && after->probe_restart)
    session_.world.coverage.see(Mark::kUnresponsiveHeeded);
}

bool Supervisor::keep_records() {
  if (!nodes_->keep_records()) return false;
  for (const std::string& name : nodes_->names()) {
    const NodeId id = NodeId::parse(name).value();
    const auto written = session_.world.disk.intents.find(id);
    if (written == session_.world.disk.intents.end() ||
        written->second.revision != nodes_->node(id)->intent.revision)
      session_.world.checks.violation("I1",
                                      "the records were kept and the intent of " + id + " is not on disk");
  }
  return true;
}

Serial Supervisor::leader(const core::Node& node) const {
  if (node.leader == core::Leader::kNone) return 0;
  return session_.subject({node.intent.node_id, node.generation});
}

void Supervisor::reap_strays() {
  Kernel& kernel = session_.world.kernel;
  for (std::size_t i = kernel.table().size(); i > 0; --i) {
    Process& process = *kernel.table()[i - 1];
    if (process.alive || process.parent != Parent::kSupervisor) continue;
    if (!nodes_->owns_pid(process.pid)) kernel.reap(process);
  }
}

void Supervisor::check_idle() const {
  Checks& checks = session_.world.checks;
  auto timers = platform_.node_timers();
  for (const std::string& id : nodes_->names()) {
    const core::Node& node = *nodes_->node(id);
    const auto armed = timers.extract(id);
    const bool same = armed.empty() ? !node.timer : node.timer && armed.mapped().token == node.timer->token;
    if (!same) checks.violation("I6", "the timer of node " + id + " is not the one that its state has");
    if (node.state == core::State::kGone) checks.violation("I6", "node " + id + " is gone and kept");
  }
  for (const auto& [id, timer] : timers)
    checks.violation("I6", "node " + id + " is gone and its timer is not");
}

}  // namespace sutra::simulation
