// What operators, the Master and the end of the agent want of a node.
#include "supervisor/core/step_under_way.h"

namespace sutra::supervisor::core {

/// An operator or the Master wants it now: earlier failures no longer count.
void Step::start_now() {
  reset_failures();
  node_.lock_attempts = 0;
  node_.failure.clear();
  if (node_.intent.quarantined) {
    node_.intent.quarantined = false;
    commit();
  }
  spawn();
}

void Step::on(const StartRequested&) {
  switch (node_.state) {
    case State::kRunning:
      answer(Waiter::kStart, true);
      return;
    case State::kStarting:
    case State::kCleaning:
      return;  // answered when the start under way succeeds or fails
    case State::kBackoff:
    case State::kOccupied:
    case State::kFailed:
      start_now();
      return;
    case State::kStopping:
      if (node_.goal == Goal::kRunning) return;  // a restart: answered when it succeeds or fails
      [[fallthrough]];
    case State::kGone:
      emit(Refuse{"start node " + node_.intent.node_id + ": it is being stopped; ask again when it is gone"});
      return;
  }
}

void Step::on(const StopRequested&) {
  if (node_.state == State::kGone) return;
  if (node_.intent.goal != Goal::kStopped) {
    node_.intent.goal = Goal::kStopped;
    commit();
  }
  const bool already_stopping = node_.state == State::kStopping;
  node_.goal = Goal::kStopped;
  node_.failure.clear();
  switch (node_.state) {
    case State::kStarting:
    case State::kRunning:
      begin_stopping();
      break;
    case State::kCleaning:
    case State::kStopping:
      node_.state = State::kStopping;
      break;
    case State::kBackoff:
    case State::kOccupied:
    case State::kFailed:
      gone();
      return;
    case State::kGone:
      return;
  }
  emit(SaveFacts{});  // their copy of the intent must say stopped too
  if (!already_stopping) record("stopping", "asked to");
}

void Step::on(const RestartRequested&) {
  switch (node_.state) {
    case State::kStarting:
    case State::kRunning:
      reset_failures();
      node_.failure.clear();
      begin_stopping();
      emit(SaveFacts{});
      record("restarting", "asked to");
      return;
    case State::kCleaning:
      return;  // it is being started again already
    case State::kBackoff:
    case State::kOccupied:
    case State::kFailed:
      start_now();
      return;
    case State::kStopping:
      if (node_.goal == Goal::kRunning) return;
      [[fallthrough]];
    case State::kGone:
      emit(Refuse{"restart node " + node_.intent.node_id + ": it is being stopped"});
      return;
  }
}

void Step::on(const ShutdownRequested&) {
  if (node_.goal == Goal::kRunning) node_.goal = Goal::kParked;
  switch (node_.state) {
    case State::kStarting:
    case State::kRunning:
      begin_stopping();
      return;
    case State::kCleaning:
      node_.state = State::kStopping;
      return;
    case State::kStopping:
    case State::kGone:
      return;
    case State::kBackoff:
    case State::kOccupied:
    case State::kFailed:
      gone();
      return;
  }
}

}  // namespace sutra::supervisor::core
