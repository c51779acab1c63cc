#include "tests/simulation/history.h"

#include <array>

namespace sutra::simulation {

using namespace std::chrono_literals;

namespace {

constexpr std::int64_t kTenYears = 10LL * 365 * 24 * 3600;

std::string name_of(core::State state) { return std::string(state_name(state)); }

}  // namespace

History::History(std::uint64_t seed, const Planted& planted, Coverage& coverage,
                 std::vector<std::string>* trace)
    : random_(seed),
      coverage_(coverage),
      planted_(planted),
      trace_(trace),
      disk_(random_, coverage),
      checks_(kernel_, disk_, coverage),
      world_{kernel_, disk_, random_, checks_, coverage} {
  disk_.trace = trace;
  kernel_.now = random_.chance(500) ? 20s : 100'000s;
  kernel_.features.pidfs = random_.chance(400);
  kernel_.features.tells_exit = random_.chance(400);
  Config& config = settings_.config;
  config.monitoring.restart_failed_nodes = !random_.chance(100);
  config.storage.readiness = random_.chance(150) ? Readiness::kNone : Readiness::kTcp;
  config.monitoring.max_restarts = 3;
  config.storage.data_path = "/data";
  config.storage.allowed_storage_roots = {"/extra"};
  config.storage.port_range_size = 8;
  config.agent.max_storage_nodes = 4;
  settings_.killed_per_mille = std::array{0U, 4U, 25U}[random_.below(3)];
  disasters_per_mille_ = std::array{20U, 60U, 120U}[random_.below(3)];
  if (random_.chance(300)) disk_.state_fault_per_mille = 100;
  if (random_.chance(300)) disk_.runtime_fault_per_mille = 100;
  nodes_ = 2 + random_.below(3);
}

void History::tell(const std::string& what) {
  if (trace_ == nullptr) return;
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(kernel_.now).count();
  trace_->push_back(std::to_string(ms) + " ms  " + what);
}

void History::tell_state() {
  if (trace_ == nullptr || !supervisor_) return;
  std::string text = "      ";
  for (const std::string& id : supervisor_->nodes().names()) {
    const core::Node& node = *supervisor_->nodes().node(id);
    text += " " + id + "." + std::to_string(node.generation) + "=" + name_of(node.state);
  }
  if (trace_->empty() || trace_->back() != text) trace_->push_back(text);
}

void History::tell_records() {
  if (trace_ == nullptr) return;
  std::string text = "       intents:";
  for (const auto& [id, intent] : disk_.intents) {
    text += " " + id + (intent.goal == core::Goal::kStopped ? " to be stopped" : "") +
            (intent.confirmed ? "" : " (unconfirmed)");
  }
  text += "; facts:";
  for (const auto& [id, facts] : disk_.facts) {
    text += " " + id + "." + std::to_string(facts.generation) + "=" + name_of(facts.state);
    if (facts.process.pid != 0) text += "#" + std::to_string(truth_of(facts.process));
  }
  trace_->push_back(std::move(text));
}

void History::tell_processes() {
  if (trace_ == nullptr) return;
  static constexpr std::array kRoles{"launcher", "server", "child", "decoy"};
  trace_->emplace_back("processes at the end:");
  for (const Process* each : kernel_.table()) {
    if (!each->leaf) continue;
    trace_->push_back("  #" + std::to_string(each->serial) + " pid " + std::to_string(each->pid) + " " +
                      kRoles[static_cast<std::size_t>(each->role)] + " of " + each->leaf->node_id + "." +
                      std::to_string(each->leaf->generation) + (each->alive ? " alive" : " dead") +
                      (each->parent == Parent::kInit ? " of init" : " of the supervisor") +
                      (each->holds_lock ? ", holds the lock of " + each->directory : "") +
                      (each->gate_open ? ", gate open" : "") +
                      (each->term_pending ? ", SIGTERM pending" : ""));
  }
}

void History::guarded(const std::function<void()>& act) {
  try {
    act();
  } catch (const Killed& killed) {
    coverage_.see(killed.where);
    tell("the supervisor is killed in the middle of that");
    supervisor_is_gone();
  }
}

void History::supervisor_is_gone() {
  supervisor_.reset();
  kernel_.supervisor_died();
  checks_.comms_alive_since.reset();
  checks_.cause = {};
}

void History::start_supervisor() {
  tell("the supervisor starts");
  tell_records();
  supervisor_ = std::make_unique<Supervisor>(world_, planted_, settings_);
  guarded([&] {
    if (supervisor_->recover()) return;
    tell("the supervisor cannot look at a process and ends");
    supervisor_is_gone();
  });
  tell_state();
}

std::string History::some_node() { return std::string(1, static_cast<char>('a' + random_.below(nodes_))); }

std::vector<std::string> History::run() {
  ++coverage_.histories;
  start_supervisor();
  const std::uint64_t steps = 40 + random_.below(80);
  for (std::uint64_t i = 0; i < steps && !failed(); ++i) step();
  if (!failed()) finish();
  if (failed()) tell_processes();
  coverage_.marks[static_cast<std::size_t>(Mark::kPidReused)] += kernel_.pids_reused();
  return checks_.violations();
}

void History::step() {
  ++coverage_.steps;
  if (random_.chance(disasters_per_mille_)) {
    disaster();
  } else {
    const std::uint64_t dice = random_.below(100);
    if (dice < 35) {
      kernel_acts();
    } else if (dice < 60) {
      loop_turns();
    } else if (dice < 74) {
      operator_acts();
    } else if (dice < 88) {
      comms_acts();
    } else {
      time_passes();
    }
  }
  if (!supervisor_ && random_.chance(700)) start_supervisor();
  if (!supervisor_) return;
  supervisor_->reap_strays();
  supervisor_->check_idle();
  if (supervisor_->shutting_down() && supervisor_->nodes().empty()) {
    tell("the supervisor exits");
    supervisor_is_gone();
  }
  tell_state();
}

void History::time_passes() {
  static constexpr std::array kSteps{1ms, 50ms, 400ms, 3000ms, 11000ms, 65000ms};
  Nanoseconds by = kSteps[random_.below(kSteps.size())];
  const auto due = supervisor_ ? supervisor_->next_due() : std::nullopt;
  if (due && *due > kernel_.now && random_.chance(600)) by = *due - kernel_.now;
  kernel_.now += by;
  if (random_.chance(300)) {
    kernel_.wall_secs += random_.chance(500) ? kTenYears : -kTenYears;
    coverage_.see(Mark::kWallClockJumps);
  }
  tell("time passes");
  if (supervisor_ && random_.chance(200)) {
    guarded([&] {
      (void)supervisor_->keep_records();
      supervisor_->record_all();
    });
  }
  loop_turns();
}

/// One iteration of the event loop, events in any order.
void History::loop_turns() {
  for (std::uint64_t left = 1 + random_.below(4); left > 0 && supervisor_; --left) {
    guarded([&] {
      if (random_.chance(500) && supervisor_->fire_one_timer()) {
        tell("a timer fires");
      } else if (supervisor_->see_one()) {
        tell("the loop sees something");
      }
    });
  }
}

void History::operator_acts() {
  if (!supervisor_) return;
  const std::string id = some_node();
  const std::uint64_t dice = random_.below(100);
  guarded([&] {
    if (dice < 60) {
      // Mostly the same request for the same node; some conflict with another node's.
      static const std::array<std::string, 4> kPaths{"", "shared", "/extra/place", "/etc/outside"};
      core::Request request;
      if (random_.chance(200)) request.storage_path = kPaths[random_.below(kPaths.size())];
      if (random_.chance(100)) request.port = 50051 + static_cast<std::uint32_t>(random_.below(3));
      tell("start " + id + " \"" + request.storage_path + "\"");
      checks_.asked_to_start(id);
      supervisor_->start(id, request);
    } else if (dice < 80) {
      tell("stop " + id);
      supervisor_->stop(id);
    } else {
      tell("restart " + id);
      checks_.asked_to_start(id);
      supervisor_->restart(id);
    }
  });
}

void History::comms_alive(std::optional<Nanoseconds> since) {
  checks_.comms_alive_since = since;
  if (supervisor_) supervisor_->comms_alive(since);
}

void History::comms_acts() {
  if (!supervisor_) return;
  if (!checks_.comms_alive_since) {
    if (random_.chance(700)) comms_alive(kernel_.now);
    return;
  }
  if (random_.chance(60)) {
    coverage_.see(Mark::kCommsDies);
    tell("comms dies");
    comms_alive(std::nullopt);
    return;
  }
  Message message{some_node(), random_.below(6), random_.chance(800)};
  if (!messages_.empty() && random_.chance(150)) {
    message = messages_[random_.below(messages_.size())];
    coverage_.see(Mark::kMessageRepeated);
  } else if (random_.chance(100)) {
    coverage_.see(message.ready ? Mark::kReadyInvented : Mark::kUnresponsiveInvented);
  } else {
    // What a correct comms would report.
    const std::vector<std::string> names = supervisor_->nodes().names();
    if (names.empty()) return;
    const core::Node& node = *supervisor_->nodes().node(names[random_.below(names.size())]);
    const Serial leader = supervisor_->leader(node);
    message = {node.intent.node_id, node.generation, leader != 0 && kernel_.at(leader).serves};
    if (!message.ready && node.state != core::State::kRunning) return;
  }
  messages_.push_back(message);
  tell(std::string("comms says that ") + message.node_id + "." + std::to_string(message.generation) +
       (message.ready ? " serves" : " does not answer"));
  guarded([&] {
    if (message.ready) {
      supervisor_->node_ready(message.node_id, message.generation);
    } else {
      supervisor_->node_unresponsive(message.node_id, message.generation);
    }
  });
}

}  // namespace sutra::simulation
