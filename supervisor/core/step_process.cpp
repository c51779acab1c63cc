// What happens to a node's process, and the timers that run out.
#include <algorithm>

#include "supervisor/core/restart_policy.h"
#include "supervisor/core/step_under_way.h"

namespace sutra::supervisor::core {
namespace {

std::string seconds(Nanoseconds time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count()) + " s";
}

}  // namespace

void Step::become_ready() {
  disarm();
  node_.probe_restart = false;
  node_.state = State::kRunning;
  node_.since = now();
  node_.failure.clear();
  if (!node_.intent.confirmed) {
    // The answer promises that the node comes back after a reboot, so this is on disk before the answer.
    node_.intent.confirmed = true;
    save_intent();
  }
  emit(SaveFacts{});
  record("running", {});
  answer(Waiter::kStart, true);
}

/// The killed launcher is reported as LaunchFailed, or as Exited when it executed the server just before.
void Step::launch_ran_out() {
  node_.state = State::kCleaning;
  node_.failure = "launch the server in " + node_.intent.placement.storage_path +
                  ": the launcher did not execute it within " + seconds(policy().launch_deadline) +
                  " and was killed; look whether the data directory's file system hangs";
  emit(Kill{node_.generation});
}

void Step::readiness_ran_out() {
  // The time-out counts only time in which comms could have seen the node serve.
  const Nanoseconds from =
      context_.comms_alive_since ? std::max(*context_.comms_alive_since, node_.since) : now();
  const Nanoseconds left = from + policy().ready_timeout - now();
  if (left.count() > 0) {
    if (!context_.comms_alive_since) {
      answer(Waiter::kStart, false,
             "start node " + node_.intent.node_id +
                 ": it runs, but comms, which checks whether it serves, is down; the start continues: ask "
                 "for the "
                 "node's status later");
    }
    arm(TimerKind::kReadiness, left);
    return;
  }
  node_.failure =
      "it runs but does not accept connections on port " + std::to_string(node_.intent.placement.port) +
      " after " + seconds(policy().ready_timeout) +
      ", so it was stopped; raise storage.ready_timeout_secs, check that the server listens on {port} on "
      "loopback, or set storage.readiness = \"none\" if it listens on nothing";
  node_.intent.goal = Goal::kStopped;
  node_.goal = Goal::kStopped;
  save_intent();
  begin_stopping();
  emit(SaveFacts{});
  record("start timed out", node_.failure);
}

void Step::on(const Execed& event) {
  if (!current(event.generation) || node_.leader != Leader::kLaunching) return;
  node_.leader = Leader::kAlive;
  node_.started_at_unix = context_.now.unix_secs;
  node_.since = now();
  node_.lock_attempts = 0;
  record("started", {});  // in every state: in the log each death follows a start
  emit(SaveFacts{});
  if (node_.state != State::kStarting) return;
  disarm();
  answer(Waiter::kRestart, true);
  if (!policy().readiness_by_probe) {
    become_ready();
  } else if (!node_.intent.confirmed) {
    arm(TimerKind::kReadiness, policy().ready_timeout);
  }
}

void Step::on(const LaunchFailed& event) {
  if (!current(event.generation) || node_.leader != Leader::kLaunching) return;
  node_.leader = Leader::kNone;
  disarm();
  if (node_.state == State::kStopping) {
    after_empty();
    return;
  }
  if (node_.state == State::kStarting)
    node_.failure = event.reason;  // else it keeps why the launch was given up
  record("launch failed", node_.failure);
  if (event.locked && node_.intent.confirmed) {
    ++node_.lock_attempts;
    retry_later(State::kOccupied, retry_delay(node_.lock_attempts + 1, policy(), context_.entropy));
    return;
  }
  fail(false);
  after_empty();
}

void Step::on(const Ready& event) {
  if (!current(event.generation) || node_.state != State::kStarting || node_.leader != Leader::kAlive) return;
  become_ready();
}

void Step::on(const Unresponsive& event) {
  if (!current(event.generation) || node_.state != State::kRunning || !policy().readiness_by_probe) return;
  node_.failure = "it did not answer: " + event.reason;
  fail(stable());
  node_.probe_restart = true;
  begin_stopping();
  emit(SaveFacts{});
  record("unresponsive", event.reason);
}

void Step::on(const Exited& event) {
  if (!current(event.generation) || node_.leader == Leader::kNone) return;
  emit(RecordDeath{event.generation, event.exit});
  node_.last_exit = event.exit;
  const bool unasked = node_.state != State::kStopping;
  if (unasked) {
    node_.failure =
        "it " + describe(event.exit) + (node_.state == State::kStarting ? " before it served" : "");
    fail(stable());
    disarm();
    node_.state = State::kCleaning;
  }
  node_.leader = Leader::kNone;
  emit(SaveFacts{});
  emit(Reap{event.generation});
  // While stopping, the other processes of the node keep the rest of the grace period.
  if (unasked) emit(Kill{event.generation});
}

void Step::on(const Emptied& event) {
  if (!current(event.generation) || node_.leader != Leader::kNone) return;
  if (node_.state != State::kCleaning && node_.state != State::kStopping) return;
  disarm();
  after_empty();
}

void Step::on(const TimerFired& event) {
  if (!node_.timer || node_.timer->token != event.token) return;
  const TimerKind kind = node_.timer->kind;
  node_.timer.reset();
  switch (kind) {
    case TimerKind::kLaunch:
      launch_ran_out();
      return;
    case TimerKind::kReadiness:
      readiness_ran_out();
      return;
    case TimerKind::kGrace:
      emit(Kill{node_.generation});
      return;
    case TimerKind::kRetry:
      spawn();
      return;
  }
}

}  // namespace sutra::supervisor::core
