#include "supervisor/core/step.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <string_view>
#include <utility>

#include "supervisor/core/restart_policy.h"
#include "supervisor/core/step_under_way.h"

namespace sutra::supervisor::core {

void Step::arm(TimerKind kind, Nanoseconds delay) {
  node_.timer = Timer{kind, node_.next_token++, now() + delay};
  emit(ArmTimer{*node_.timer, delay});
}

void Step::disarm() {
  if (!node_.timer) return;
  node_.timer.reset();
  emit(DisarmTimer{});
}

void Step::spawn() {
  disarm();
  if (node_.history.in_a_row > 0) ++node_.history.restart_count;
  node_.state = State::kStarting;
  node_.goal = Goal::kRunning;
  node_.leader = Leader::kLaunching;
  node_.since = now();
  node_.started_at_unix = 0;  // not executed yet
  node_.generation = std::max(node_.generation, node_.found_generation) + 1;
  emit(Spawn{node_.generation});
  arm(TimerKind::kLaunch, policy().launch_deadline);
}

void Step::answer_not_running(std::string_view otherwise) {
  const bool failed = !node_.failure.empty();
  const std::string why = failed ? node_.failure : std::string(otherwise);
  answer(Waiter::kStart, false, "start node " + node_.intent.node_id + ": " + why, failed);
  answer(Waiter::kRestart, false, "restart node " + node_.intent.node_id + ": " + why, failed);
}

void Step::fail(bool was_stable) { note_failure(node_.history, policy(), now(), was_stable); }

/// SIGTERM to all processes of the node now, SIGKILL after the grace period.
void Step::begin_stopping() {
  node_.state = State::kStopping;
  emit(Terminate{node_.generation});
  arm(TimerKind::kGrace, policy().stop_grace);
}

void Step::gone() {
  disarm();
  node_.state = State::kGone;
  node_.probe_restart = false;
  if (node_.goal == Goal::kParked) {
    reset_failures();  // an orderly stop of the agent ends the crash loop
    emit(SaveFacts{});
    answer_not_running("the agent is stopping; it is started again with the agent");
    return;
  }
  emit(Forget{});
  answer_not_running("it was stopped meanwhile");
  answer(Waiter::kStop, true);
  record("stopped", node_.failure);
}

/// Answers the start that failed; the node itself is tried again.
void Step::retry_later(State state, Nanoseconds delay) {
  node_.state = state;
  node_.probe_restart = false;
  answer_not_running("it waits for its next try");
  arm(TimerKind::kRetry, delay);
  emit(SaveFacts{});
}

void Step::quarantine() {
  node_.state = State::kFailed;
  node_.probe_restart = false;
  node_.intent.quarantined = true;
  save_intent();
  emit(SaveFacts{});
  record("quarantined", node_.failure);
  answer_not_running({});
}

/// No process of the node is left: what follows depends on the goal alone.
void Step::after_empty() {
  switch (node_.goal) {
    case Goal::kStopped:
    case Goal::kParked:
      gone();
      return;
    case Goal::kRunning:
      restart_or_give_up();
      return;
  }
}

void Step::restart_or_give_up() {
  if (!node_.intent.confirmed && !node_.failure.empty()) {
    // On disk before it is forgotten: if its files cannot be removed, they must not start it again.
    node_.goal = node_.intent.goal = Goal::kStopped;
    save_intent();
    gone();
    return;
  }
  const bool failed = node_.history.in_a_row > 0 && !node_.failure.empty();
  if (failed && (!policy().restart_failed_nodes || exhausted(node_.history, policy()))) {
    quarantine();
    return;
  }
  const Nanoseconds delay =
      failed ? retry_delay(node_.history.in_a_row, policy(), context_.entropy) : Nanoseconds{0};
  if (delay.count() == 0) {
    spawn();
  } else {
    retry_later(State::kBackoff, delay);
  }
}

std::string describe(const Exit& exit) {
  switch (exit.cause) {
    case ExitCause::kExit:
      return "exited with code " + std::to_string(exit.code);
    case ExitCause::kSignal:
      return "was killed by signal " + std::to_string(exit.signal) + " (" + strsignal(exit.signal) + ")";
    case ExitCause::kOom:
      return "was killed because it ran out of memory (its memory limit, or the host's)";
    case ExitCause::kNone:
    case ExitCause::kUnknown:
      return "ended, and how is not known (an earlier supervisor started it)";
  }
  return {};
}

Transition start_new(Intent intent, const Predecessor& last, const Context& context) {
  Node node;
  node.generation = last.generation;
  node.intent = std::move(intent);
  node.intent.revision = last.revision;
  Step first(std::move(node), context);
  first.commit();
  first.spawn();
  return std::move(first).finish();
}

Transition step(Node node, const Event& event, const Context& context) {
  Step next(std::move(node), context);
  std::visit([&](const auto& happened) { next.on(happened); }, event);
  return std::move(next).finish();
}

}  // namespace sutra::supervisor::core
