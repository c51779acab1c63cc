// One step of a node's state machine while it is decided. Only for step*.cpp. Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "supervisor/core/step.h"

namespace sutra::supervisor::core {

/// The node being changed and the effects so far.
class Step {
 public:
  Step(Node node, const Context& context) : node_(std::move(node)), context_(context) {}

  Transition finish() && { return {std::move(node_), std::move(effects_)}; }

  void on(const StartRequested& event);
  void on(const StopRequested& event);
  void on(const RestartRequested& event);
  void on(const ShutdownRequested& event);
  void on(const Execed& event);
  void on(const LaunchFailed& event);
  void on(const Ready& event);
  void on(const Unresponsive& event);
  void on(const Exited& event);
  void on(const Emptied& event);
  void on(const TimerFired& event);
  void on(const Recovered& event);

  void spawn();
  void commit() {
    ++node_.intent.revision;
    emit(CommitIntent{});
  }

 private:
  template <typename E>
  void emit(E effect) {
    effects_.emplace_back(std::move(effect));
  }
  const Policy& policy() const { return context_.policy; }
  Nanoseconds now() const { return context_.now.boot; }
  /// Of the generation as it is at this moment: a spawn that follows in the same step has the next one.
  void record(std::string what, std::string cause) {
    emit(RecordEvent{node_.generation, std::move(what), std::move(cause)});
  }
  bool current(std::uint64_t generation) const { return generation == node_.generation; }

  void arm(TimerKind kind, Nanoseconds delay);
  void disarm();
  void save_intent() {
    ++node_.intent.revision;
    emit(SaveIntent{});
  }
  void answer(Waiter waiter, bool success, std::string text = {}, bool with_output = false) {
    emit(Answer{waiter, success, std::move(text), with_output});
  }
  /// Tells everyone who waits for the node to run why it does not: its failure, or `otherwise` without one.
  void answer_not_running(std::string_view otherwise);
  void become_ready();
  void fail(bool was_stable);
  /// Earlier crashes no longer count.
  void reset_failures() {
    node_.history.failures.clear();
    node_.history.in_a_row = 0;
  }
  void begin_stopping();
  void gone();
  void after_empty();
  void restart_or_give_up();
  void quarantine();
  void start_now();
  void retry_later(State state, Nanoseconds delay);
  void launch_ran_out();
  void readiness_ran_out();
  bool stable() const {
    return node_.state == State::kRunning && now() - node_.since >= policy().stable_after;
  }

  Node node_;
  const Context& context_;
  std::vector<Effect> effects_;
};

}  // namespace sutra::supervisor::core
