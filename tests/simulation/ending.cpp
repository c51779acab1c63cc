// The end of a history: no more faults, and the wanted state must be reached.
#include <algorithm>

#include "tests/simulation/history.h"

namespace sutra::simulation {
namespace {

constexpr int kTurns = 400;

}  // namespace

void History::finish() {
  tell("nothing goes wrong any more");
  kernel_.calm = true;
  settings_.killed_per_mille = 0;
  disk_.state_fault_per_mille = disk_.runtime_fault_per_mille = 0;
  if (supervisor_) supervisor_->spare();
  if (supervisor_ && supervisor_->shutting_down()) {
    converge();
    supervisor_is_gone();
  }
  if (!supervisor_) start_supervisor();
  converge();
  if (!failed()) check_running();
  if (failed()) return;
  // Records that could not be removed or saved while the disk failed are seen at the next start.
  supervisor_is_gone();
  start_supervisor();
  converge();
  if (!failed()) check_running();
  for (char name = 'a'; name < 'e' && !failed(); ++name) supervisor_->stop(std::string(1, name));
  converge();
  if (failed()) return;
  checks_.every_death_has_one_record();
  supervisor_is_gone();
  start_supervisor();
  converge();
  if (!failed()) check_nothing_is_left();
}

void History::converge() {
  for (int turn = 0; turn < kTurns && !failed(); ++turn) {
    if (converge_once()) continue;
    const auto due = supervisor_->next_due();
    if (!due) return;
    kernel_.now = std::max(kernel_.now, *due);
  }
}

/// One step in which nothing fails. False: there was nothing to do.
bool History::converge_once() {
  if (!checks_.comms_alive_since) comms_alive(kernel_.now);
  signals_arrive(1000);
  init_reaps(1000);
  bool acted = false;
  for (Process* each : kernel_.table()) {
    Process& process = *each;
    if (!process.alive) continue;
    if (process.role == Role::kLauncher) {
      run_launcher(process);
      acted = true;
    }
    if (process.role == Role::kServer) process.serves = true;
    // Left-over processes end on SIGTERM; a child of a live server continues.
  }
  acted = supervisor_->see_one() || acted;
  acted = supervisor_->fire_one_timer() || acted;
  std::vector<std::pair<std::string, std::uint64_t>> serving;
  for (const std::string& id : supervisor_->nodes().names()) {
    const core::Node& node = *supervisor_->nodes().node(id);
    if (node.state == core::State::kStarting && node.leader == core::Leader::kAlive &&
        kernel_.at(supervisor_->leader(node)).serves)
      serving.emplace_back(id, node.generation);
  }
  for (const auto& [id, generation] : serving) {
    supervisor_->node_ready(id, generation);
    acted = true;
  }
  supervisor_->reap_strays();
  supervisor_->check_idle();
  tell_state();
  return acted;
}

/// Wanted nodes run, and nothing else does.
void History::check_running() {
  const supervisor::Nodes& nodes = supervisor_->nodes();
  for (std::uint64_t i = 0; i < nodes_; ++i) {
    const std::string id(1, static_cast<char>('a' + i));
    if (checks_.wanted(id) && nodes.node(id) == nullptr)
      checks_.violation("liveness", "node " + id + " should run and is not there");
  }
  for (const std::string& id : nodes.names()) {
    const core::Node& node = *nodes.node(id);
    const Serial leader = supervisor_->leader(node);
    const std::string& directory = node.intent.placement.storage_path;
    const bool tries_again = node.state == core::State::kStarting && node.lock_attempts > 0;
    switch (tries_again ? core::State::kOccupied : node.state) {
      case core::State::kRunning:
        if (leader == 0 || !kernel_.at(leader).alive || !kernel_.at(leader).executed)
          checks_.violation("liveness", "node " + id + " is called running and has no server");
        break;
      case core::State::kFailed:
        if (node.failure.empty() && !node.last_exit)
          checks_.violation("liveness", "node " + id + " is quarantined and nothing says why");
        break;
      case core::State::kOccupied: {
        const bool held = std::any_of(kernel_.all().begin(), kernel_.all().end(), [&](const Process& p) {
          if (p.alive && p.role == Role::kDecoy && p.holds_lock && p.directory == directory) return true;
          return p.alive && p.leaf && kernel_.at(p.leader).unmanaged &&
                 (p.directory == directory || p.leaf->node_id == id);
        });
        if (!held)
          checks_.violation("liveness", "node " + id + " is occupied, but no process holds its lock");
        break;
      }
      case core::State::kStarting:
      case core::State::kCleaning:
      case core::State::kBackoff:
      case core::State::kStopping:
      case core::State::kGone:
        checks_.violation("liveness", "node " + id + " does not come to rest");
        break;
    }
  }
  for (const Process& process : kernel_.all()) {
    if (!process.alive || process.role != Role::kServer || process.unmanaged) continue;
    const core::Node* node = nodes.node(process.leaf->node_id);
    const bool owned = node != nullptr && supervisor_->leader(*node) == process.serial;
    if (!owned) checks_.violation("liveness", "a server runs that no node has");
  }
}

void History::check_nothing_is_left() {
  if (!supervisor_->nodes().empty()) checks_.violation("I6", "a stopped node is still there");
  if (!disk_.intents.empty() || !disk_.facts.empty())
    checks_.violation("I6", "a record of a stopped node is left");
  for (const Process& process : kernel_.all()) {
    if (process.alive && process.leaf && !kernel_.at(process.leader).unmanaged)
      checks_.violation("I6", "a process of a stopped node is left");
    if (!process.alive && !process.reaped && process.parent == Parent::kSupervisor)
      checks_.violation("I6", "a zombie is left");
  }
  for (const auto& [leaf, oom] : kernel_.leaves) {
    if (!kernel_.populated(leaf)) checks_.violation("I6", "an empty cgroup is left");
  }
}

}  // namespace sutra::simulation
