// A node that was read from the ledger, at our start.
#include "supervisor/core/step_under_way.h"

namespace sutra::supervisor::core {

void Step::on(const Recovered& event) {
  node_.goal = node_.intent.goal;
  const State last = node_.state;
  const std::optional<Timer> retry = std::exchange(node_.timer, std::nullopt);
  if (event.process) {
    node_.leader = Leader::kAlive;
    // No supervisor saw its exec. From here on it counts as started, so that its death is recorded. The event
    // is written before the facts: in the log each death follows a start.
    const bool unseen = node_.started_at_unix == 0;
    if (unseen) {
      node_.started_at_unix = context_.now.unix_secs;
      record("started", std::string("found ") + (event.dead ? "dead" : "running") +
                            "; the supervisor that started it did not see it start");
    }
    node_.state = last == State::kRunning ? State::kRunning : State::kStarting;
    if (node_.goal == Goal::kStopped || last == State::kStopping) {
      begin_stopping();
    } else if (node_.state == State::kStarting && !policy().readiness_by_probe) {
      become_ready();
    } else if (node_.state == State::kStarting && !node_.intent.confirmed) {
      arm(TimerKind::kReadiness, policy().ready_timeout);
    }
    // The facts may be older than a stop, and their copy of the intent must say stopped too.
    if (unseen || node_.goal == Goal::kStopped) emit(SaveFacts{});
    return;
  }
  if (node_.leader == Leader::kLaunching) {
    record("launch failed", "the supervisor ended during the launch; whether the server ran is not known");
  }
  node_.leader = Leader::kNone;
  if ((last == State::kCleaning || last == State::kStopping) && node_.history.in_a_row > 0) {
    // We died after a failure was counted and before the restart policy was applied to it: apply it now.
    node_.failure = "it " + describe(node_.last_exit.value_or(Exit{}));
  }
  if (event.leftovers) {
    node_.state = node_.goal == Goal::kStopped ? State::kStopping : State::kCleaning;
    emit(Kill{node_.generation});
    if (node_.goal == Goal::kStopped) emit(SaveFacts{});
    return;
  }
  if (node_.goal == Goal::kStopped || !node_.intent.confirmed) {
    node_.goal = Goal::kStopped;
    gone();
  } else if (node_.intent.quarantined) {
    node_.state = State::kFailed;
    if (node_.failure.empty()) {
      node_.failure = node_.last_exit ? "it " + describe(*node_.last_exit)
                                      : "it was quarantined before the agent started; its events say why";
    }
  } else if (retry && retry->kind == TimerKind::kRetry && retry->due > now()) {
    retry_later(last == State::kOccupied ? State::kOccupied : State::kBackoff, retry->due - now());
  } else if (!node_.failure.empty()) {
    restart_or_give_up();
  } else {
    spawn();
  }
}

}  // namespace sutra::supervisor::core
