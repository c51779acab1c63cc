#include "supervisor/core/step.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <string_view>
#include <utility>

#include "supervisor/core/restart_policy.h"

namespace sutra::supervisor::core {
namespace {

/// One step under way: the node being changed and the effects so far.
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
  /// Whoever waits for the node to run is told why it does not. Without a failure it was stopped meanwhile.
  void answer_not_running(std::string_view otherwise);
  void become_ready();
  void fail(bool was_stable);
  void begin_stopping();
  void gone();
  void after_empty();
  void restart_or_give_up();
  void quarantine();
  void start_now();
  void retry_later(State state, Nanoseconds delay);
  void readiness_ran_out();
  bool stable() const {
    return node_.state == State::kRunning && now() - node_.since >= policy().stable_after;
  }

  Node node_;
  const Context& context_;
  std::vector<Effect> effects_;
};

void Step::arm(TimerKind kind, Nanoseconds delay) {
  node_.timer = Timer{kind, node_.next_token++, now() + delay};
  emit(ArmTimer{*node_.timer});
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
  ++node_.generation;
  emit(Spawn{node_.generation});
}

void Step::answer_not_running(std::string_view otherwise) {
  const bool failed = !node_.failure.empty();
  const std::string why = failed ? node_.failure : std::string(otherwise);
  answer(Waiter::kStart, false, "start node " + node_.intent.node_id + ": " + why, failed);
  answer(Waiter::kRestart, false, "restart node " + node_.intent.node_id + ": " + why, failed);
}

void Step::become_ready() {
  disarm();
  node_.probe_restart = false;
  node_.state = State::kRunning;
  node_.since = now();
  node_.failure.clear();
  if (!node_.intent.confirmed) {
    // The answer promises that the node comes back after a reboot, so the promise is on disk first.
    node_.intent.confirmed = true;
    save_intent();
  }
  emit(SaveFacts{});
  emit(RecordEvent{"running", {}});
  answer(Waiter::kStart, true);
}

void Step::fail(bool was_stable) { note_failure(node_.history, policy(), now(), was_stable); }

/// Whatever runs of it is asked to end, and made to after the grace.
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
    // An orderly stop of the agent starts a new page: what crashed before it says nothing about the next
    // start.
    node_.history.failures.clear();
    node_.history.in_a_row = 0;
    emit(SaveFacts{});
    answer_not_running("the agent is stopping; it is started again with the agent");
    return;
  }
  emit(Forget{});
  answer_not_running("it was stopped meanwhile");
  answer(Waiter::kStop, true);
  emit(RecordEvent{"stopped", node_.failure});
}

/// Who asked for a start is told how this try ended; the node itself is tried again.
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
  emit(RecordEvent{"quarantined", node_.failure});
  answer_not_running({});
}

/// Nothing of the node is left: what follows depends on the goal alone.
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
    node_.goal = Goal::kStopped;
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

/// An operator or the Master wants it now: the past is forgiven.
void Step::start_now() {
  node_.history.failures.clear();
  node_.history.in_a_row = 0;
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
      return;  // the verdict under way is the answer
    case State::kBackoff:
    case State::kOccupied:
    case State::kFailed:
      start_now();
      return;
    case State::kStopping:
      if (node_.goal == Goal::kRunning) return;  // a restart: its verdict is the answer
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
  if (!already_stopping) {
    emit(SaveFacts{});
    emit(RecordEvent{"stopping", "asked to"});
  }
}

void Step::on(const RestartRequested&) {
  switch (node_.state) {
    case State::kStarting:
    case State::kRunning:
      node_.history.failures.clear();
      node_.history.in_a_row = 0;
      node_.failure.clear();
      begin_stopping();
      emit(SaveFacts{});
      emit(RecordEvent{"restarting", "asked to"});
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

void Step::on(const Execed& event) {
  if (!current(event.generation) || node_.leader != Leader::kLaunching) return;
  node_.leader = Leader::kAlive;
  node_.started_at_unix = context_.now.unix_secs;
  node_.since = now();
  node_.lock_attempts = 0;
  emit(SaveFacts{});
  emit(RecordEvent{"started", {}});  // whatever the state: each death in the log has a start before it
  if (node_.state != State::kStarting) return;
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
  if (node_.state == State::kStopping) {
    disarm();
    after_empty();
    return;
  }
  node_.failure = event.reason;
  emit(RecordEvent{"launch failed", event.reason});
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
  emit(RecordEvent{"unresponsive", event.reason});
}

void Step::on(const Exited& event) {
  if (!current(event.generation) || node_.leader == Leader::kNone) return;
  emit(RecordDeath{event.generation, event.exit});
  node_.last_exit = event.exit;
  const bool unasked = node_.state == State::kStarting || node_.state == State::kRunning;
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
  // While stopping, what the leader left behind has the rest of the grace to end in order.
  if (unasked) emit(Kill{event.generation});
}

void Step::on(const Emptied& event) {
  if (!current(event.generation) || node_.leader != Leader::kNone) return;
  if (node_.state != State::kCleaning && node_.state != State::kStopping) return;
  disarm();
  after_empty();
}

void Step::readiness_ran_out() {
  // A dead witness proves nothing: the clock runs only while comms could have seen the node serve.
  const Nanoseconds from = context_.witness_since ? std::max(*context_.witness_since, node_.since) : now();
  const Nanoseconds left = from + policy().ready_timeout - now();
  if (left.count() > 0) {
    arm(TimerKind::kReadiness, left);
    return;
  }
  node_.failure =
      "it runs but does not accept connections on port " + std::to_string(node_.intent.placement.port) +
      " after " +
      std::to_string(std::chrono::duration_cast<std::chrono::seconds>(policy().ready_timeout).count()) +
      " s, so it was stopped; raise storage.ready_timeout_secs, check that the server listens on {port} on "
      "loopback, or set storage.readiness = \"none\" if it listens on nothing";
  node_.intent.goal = Goal::kStopped;
  node_.goal = Goal::kStopped;
  save_intent();
  begin_stopping();
  emit(RecordEvent{"start timed out", node_.failure});
}

void Step::on(const TimerFired& event) {
  if (!node_.timer || node_.timer->token != event.token) return;
  const TimerKind kind = node_.timer->kind;
  node_.timer.reset();
  switch (kind) {
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

void Step::on(const Recovered& event) {
  node_.goal = node_.intent.goal;
  const State last = node_.state;
  const std::optional<Timer> retry = std::exchange(node_.timer, std::nullopt);
  if (event.process) {
    node_.leader = Leader::kAlive;
    node_.state = last == State::kRunning ? State::kRunning : State::kStarting;
    if (node_.goal == Goal::kStopped || last == State::kStopping) {
      begin_stopping();
    } else if (node_.state == State::kStarting && !policy().readiness_by_probe) {
      become_ready();
    } else if (node_.state == State::kStarting && !node_.intent.confirmed) {
      arm(TimerKind::kReadiness, policy().ready_timeout);
    }
    return;
  }
  node_.leader = Leader::kNone;
  if ((last == State::kCleaning || last == State::kStopping) && node_.history.in_a_row > 0) {
    // We died between a noted failure and what the policy makes of it: it is judged now, not forgiven.
    node_.failure = "it " + describe(node_.last_exit.value_or(Exit{}));
  }
  if (event.leftovers) {
    node_.state = node_.goal == Goal::kStopped ? State::kStopping : State::kCleaning;
    emit(Kill{node_.generation});
    return;
  }
  if (node_.goal == Goal::kStopped || !node_.intent.confirmed) {
    node_.goal = Goal::kStopped;
    gone();
  } else if (node_.intent.quarantined) {
    node_.state = State::kFailed;
  } else if (retry && retry->kind == TimerKind::kRetry && retry->due > now()) {
    retry_later(last == State::kOccupied ? State::kOccupied : State::kBackoff, retry->due - now());
  } else if (!node_.failure.empty()) {
    restart_or_give_up();
  } else {
    spawn();
  }
}

}  // namespace

std::string describe(const Exit& exit) {
  switch (exit.cause) {
    case ExitCause::kExit:
      return "exited with code " + std::to_string(exit.code);
    case ExitCause::kSignal:
      return "was killed by signal " + std::to_string(exit.signal) + " (" + strsignal(exit.signal) + ")";
    case ExitCause::kOom:
      return "was killed because it ran out of memory (its memory limit, or the host's)";
    case ExitCause::kUnknown:
      return "ended, and how is not known (an earlier supervisor started it)";
  }
  return {};
}

Transition start_new(Intent intent, std::uint64_t last_generation, const Context& context) {
  Node node;
  node.generation = last_generation;
  node.intent = std::move(intent);
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
