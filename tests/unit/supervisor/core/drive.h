// Drives one node through its state machine and looks at what it ordered. Tests only.
#pragma once
#include <string>
#include <variant>
#include <vector>

#include "supervisor/core/step.h"
#include "tests/support/node_ids.h"

namespace sutra::supervisor::core::testing {

using namespace std::chrono_literals;

inline Policy default_policy() {
  Policy policy;
  policy.max_restarts = 3;
  policy.restart_window = 600s;
  policy.backoff_initial = 500ms;
  policy.backoff_max = 60s;
  policy.stable_after = 60s;
  policy.ready_timeout = 10s;
  policy.stop_grace = 8s;
  return policy;
}

inline Intent some_intent() {
  Intent intent;
  intent.node_id = sutra::testing::id_of("node-1");
  intent.request = {"", 0, 0};
  intent.placement = {"/data/node-1", "/data", 50051, 2048};
  return intent;
}

/// A node under test, with a clock of its own.
class Drive {
 public:
  Drive() {
    context.policy = default_policy();
    context.now = {1000s, 1'700'000'000};
    context.entropy = 200;  // the middle of the jitter
    context.comms_alive_since = Nanoseconds{0};
  }

  Drive& start() { return take(start_new(some_intent(), {}, context)); }
  Drive& feed(const Event& event) { return take(step(node, event, context)); }
  Drive& exec() { return feed(Execed{node.generation}); }
  Drive& ready() { return feed(Ready{node.generation}); }
  Drive& die(Exit exit = {ExitCause::kSignal, 0, 9, 0}) { return feed(Exited{node.generation, exit}); }
  Drive& empty() { return feed(Emptied{node.generation}); }
  Drive& fire() { return feed(TimerFired{node.timer ? node.timer->token : 0}); }
  Drive& running() { return start().exec().ready(); }
  Drive& wait(Nanoseconds time) {
    context.now.boot += time;
    return *this;
  }

  template <typename E>
  [[nodiscard]] const E* ordered() const {
    for (const auto& effect : effects) {
      if (const auto* found = std::get_if<E>(&effect)) return found;
    }
    return nullptr;
  }
  [[nodiscard]] const Answer* answer(Waiter waiter) const {
    for (const auto& effect : effects) {
      const auto* found = std::get_if<Answer>(&effect);
      if (found != nullptr && found->waiter == waiter) return found;
    }
    return nullptr;
  }

  Node node;
  std::vector<Effect> effects;  ///< of the last step
  Context context;

 private:
  Drive& take(Transition transition) {
    node = std::move(transition.node);
    effects = std::move(transition.effects);
    return *this;
  }
};

}  // namespace sutra::supervisor::core::testing
