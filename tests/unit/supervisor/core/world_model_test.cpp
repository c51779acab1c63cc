// Explores the node's state machine exhaustively in a model of the world: from every reachable situation,
// every event that can happen there is tried. Asserts at every step that at most one process owns the data
// directory, that a stopped node stays stopped, and that restarts are bounded.
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <unordered_set>

#include "supervisor/core/restart_policy.h"
#include "tests/unit/supervisor/core/drive.h"

namespace sutra::supervisor::core {
namespace {

using namespace std::chrono_literals;

enum class Process { kNone, kLaunching, kAlive };

/// What is true outside of the state machine.
struct World {
  Node node;
  Process process = Process::kNone;
  bool others = false;            // something else of the tree is alive
  bool death_unreported = false;  // the leader died, Exited was not delivered yet
  bool empty_unreported = false;  // the tree became empty, Emptied was not delivered yet
  Intent on_disk;                 // what a restart of the supervisor would read
  Node facts;                     // likewise, from the runtime directory
  bool process_in_facts = false;
  bool known_on_disk = false;
  bool stop_promised = false;         // a stop reached the disk
  Nanoseconds now{1000s};             // moved by timers alone
  std::vector<Nanoseconds> restarts;  // unasked spawns since an operator last spoke, within the window
  bool asked = true;                  // the next spawn is an operator's
  bool last_was_asked = true;
  std::vector<std::string> path;
};

struct Model {
  Context context;
  std::uint64_t steps = 0;
  std::uint64_t situations = 0;
  std::vector<std::string> violations;
  using Step = Transition (*)(Node, const Event&, const Context&);
  Step step_function = &step;
};

std::string key(const World& w) {
  std::ostringstream out;
  const Node& n = w.node;
  out << (w.now - n.since >= 60s) << int(n.state) << int(n.goal) << int(n.leader) << n.timer.has_value()
      << (n.timer ? int(n.timer->kind) : 9) << n.intent.confirmed << n.intent.quarantined
      << int(n.intent.goal) << n.history.in_a_row << '/' << n.history.failures.size() << n.failure.empty()
      << std::min(n.lock_attempts, 2U) << n.probe_restart << '|' << int(w.process) << w.others
      << w.death_unreported << w.empty_unreported << w.process_in_facts << w.known_on_disk << w.stop_promised
      << w.restarts.size() << w.asked << w.last_was_asked << int(w.on_disk.goal) << w.on_disk.confirmed
      << w.on_disk.quarantined << int(w.facts.state) << w.facts.history.in_a_row
      << (w.facts.timer.has_value());
  return out.str();
}

void obey(World& w, Model& m, const std::vector<Effect>& effects) {
  const auto violate = [&](const std::string& what) {
    std::string story = what + ":";
    for (const auto& p : w.path) story += " " + p;
    m.violations.push_back(story);
  };
  for (const Effect& effect : effects) {
    if (std::holds_alternative<CommitIntent>(effect) || std::holds_alternative<SaveIntent>(effect)) {
      w.on_disk = w.node.intent;
      w.known_on_disk = true;
      w.stop_promised = w.stop_promised || w.node.intent.goal == Goal::kStopped;
    } else if (std::holds_alternative<SaveFacts>(effect)) {
      w.facts = w.node;
      w.process_in_facts = w.node.leader != Leader::kNone;
    } else if (std::holds_alternative<Forget>(effect)) {
      w.known_on_disk = false;
    } else if (std::holds_alternative<Spawn>(effect)) {
      if (w.process != Process::kNone || w.others || w.death_unreported)
        violate("I2 spawned beside a live tree");
      if (w.stop_promised) violate("I4 a stopped node was started");
      w.last_was_asked = std::exchange(w.asked, false);
      if (!w.last_was_asked) w.restarts.push_back(w.now);
      std::erase_if(w.restarts, [&](Nanoseconds at) { return at + m.context.policy.restart_window < w.now; });
      if (w.restarts.size() > m.context.policy.max_restarts) violate("I8 restarted without bound");
      w.process = Process::kLaunching;
      w.others = w.empty_unreported = false;
      w.facts = w.node;
      w.process_in_facts = true;
    } else if (std::holds_alternative<Kill>(effect)) {
      if (w.process == Process::kLaunching)
        w.process = Process::kLaunching;  // its death arrives as LaunchFailed
      if (w.process == Process::kAlive) {
        w.process = Process::kNone;
        w.death_unreported = true;
      }
      w.others = false;
      w.empty_unreported = true;
    }
  }
}

/// Every event that the world could produce now, with what it does to the world before it is told.
std::vector<std::pair<std::string, std::function<std::optional<Event>(World&)>>> possible(const World& w) {
  std::vector<std::pair<std::string, std::function<std::optional<Event>(World&)>>> all;
  const std::uint64_t g = w.node.generation;
  const auto add = [&](const char* name, std::function<std::optional<Event>(World&)> f) {
    all.emplace_back(name, std::move(f));
  };
  if (w.node.state == State::kGone) return all;
  add("stop", [](World&) { return Event{StopRequested{}}; });
  add("start", [](World&) { return Event{StartRequested{}}; });
  add("restart", [](World&) { return Event{RestartRequested{}}; });
  add("shutdown", [](World&) { return Event{ShutdownRequested{}}; });
  if (w.process == Process::kLaunching) {
    add("exec", [g](World& x) {
      x.process = Process::kAlive;
      return Event{Execed{g}};
    });
    for (const bool locked : {false, true}) {
      add(locked ? "locked" : "launch-failed", [g, locked](World& x) {
        x.process = Process::kNone;
        // No server was started: whoever holds the directory is waited for, with backoff.
        if (locked && x.last_was_asked) x.asked = true;
        if (locked && !x.last_was_asked && !x.restarts.empty()) x.restarts.pop_back();
        return Event{LaunchFailed{g, locked, "why"}};
      });
    }
  }
  if (w.process == Process::kAlive) {
    add("ready", [g](World&) { return Event{Ready{g}}; });
    add("unresponsive", [g](World&) { return Event{Unresponsive{g, "why"}}; });
    for (const bool others : {false, true}) {
      add(others ? "die-leaving-children" : "die", [others](World& x) {
        x.process = Process::kNone;
        x.others = others;
        x.death_unreported = true;
        x.empty_unreported = !others;
        return std::optional<Event>{};
      });
    }
  }
  if (w.death_unreported) {
    add("exited", [g](World& x) {
      x.death_unreported = false;
      return Event{Exited{g, {ExitCause::kSignal, 0, 9, 0}}};
    });
  }
  if (w.others) {
    add("children-end", [](World& x) {
      x.others = false;
      x.empty_unreported = true;
      return std::optional<Event>{};
    });
  }
  if (w.empty_unreported && !w.death_unreported && !w.others && w.process == Process::kNone) {
    add("emptied", [g](World& x) {
      x.empty_unreported = false;
      return Event{Emptied{g}};
    });
  }
  if (w.node.timer) add("timer", [t = w.node.timer->token](World&) { return Event{TimerFired{t}}; });
  add("stale-timer", [](World&) { return Event{TimerFired{0}}; });
  if (g > 1) {
    add("stale-exit", [g](World&) { return Event{Exited{g - 1, {}}}; });
    add("stale-ready", [g](World&) { return Event{Ready{g - 1}}; });
    add("stale-emptied", [g](World&) { return Event{Emptied{g - 1}}; });
  }
  // The supervisor dies; the next one reads what had reached the directories.
  if (w.known_on_disk && w.process != Process::kLaunching) {
    add("supervisor-restart", [](World& x) {
      Node node = x.facts;
      node.intent = x.on_disk;
      x.node = node;
      const bool process = x.process_in_facts;
      x.death_unreported = process && x.process == Process::kNone;
      x.empty_unreported = !x.others && x.process == Process::kNone;
      return Event{Recovered{process, !process && x.others}};
    });
  }
  return all;
}

Model explore(Model m, std::size_t limit) {
  m.context.policy = testing::default_policy();
  m.context.policy.max_restarts = 2;
  m.context.now = {1000s, 1};
  m.context.entropy = 200;
  m.context.comms_alive_since = Nanoseconds{0};

  World first;
  auto begun = start_new(testing::some_intent(), {}, m.context);
  first.node = begun.node;
  obey(first, m, begun.effects);
  std::unordered_set<std::string> seen{key(first)};
  std::deque<World> frontier{first};
  while (!frontier.empty() && seen.size() < limit && m.violations.size() < 10) {
    const World at = std::move(frontier.front());
    frontier.pop_front();
    for (const auto& [name, happen] : possible(at)) {
      World next = at;
      next.path.push_back(name);
      if (const auto event = happen(next)) {
        if (name == "timer") next.now = std::max(next.now, next.node.timer->due);
        m.context.now.boot = next.now;
        auto transition = m.step_function(next.node, *event, m.context);
        ++m.steps;
        next.node = transition.node;
        if (name == "start" || name == "restart" || name == "shutdown") {
          next.restarts.clear();
          next.asked = true;  // of a shutdown: the spawn with the agent's next start
        }
        obey(next, m, transition.effects);
      }
      if (seen.insert(key(next)).second) frontier.push_back(std::move(next));
    }
  }
  m.situations = seen.size();
  return m;
}

TEST(WorldModel, HoldsInEverySituationThatCanBeReached) {
  const Model m = explore({}, 400'000);
  std::cout << m.situations << " situations, " << m.steps << " steps\n";
  for (const auto& violation : m.violations) ADD_FAILURE() << violation;
  EXPECT_GT(m.situations, 500U);
}

/// The bug that everybody writes once: a start that arrives while the node is being stopped starts it.
Transition starts_while_stopping(Node node, const Event& event, const Context& context) {
  if (std::holds_alternative<StartRequested>(event) && node.state == State::kStopping) {
    Transition wrong{std::move(node), {}};
    wrong.node.state = State::kStarting;
    wrong.node.leader = Leader::kLaunching;
    ++wrong.node.generation;
    wrong.effects.emplace_back(Spawn{wrong.node.generation});
    return wrong;
  }
  return step(std::move(node), event, context);
}

TEST(WorldModel, FindsAStartWhileStopping) {
  Model planted;
  planted.step_function = &starts_while_stopping;
  const Model m = explore(planted, 400'000);
  ASSERT_FALSE(m.violations.empty());
  std::cout << "found after " << m.steps << " steps: " << m.violations.front() << "\n";
}

}  // namespace
}  // namespace sutra::supervisor::core
