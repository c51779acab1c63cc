// Events that happen to a node, and the effects that follow: what the shell must do. Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "supervisor/core/node.h"

namespace sutra::supervisor::core {

// ---- events

struct StartRequested {
  Request request;
};  ///< admitted; for a known node the same id, perhaps another request
struct StopRequested {};
struct RestartRequested {};
struct ShutdownRequested {};  ///< the agent stops; the node comes back with it

struct Execed {
  std::uint64_t generation;
};  ///< the launcher became the server
/// A spawn ended without a server, and no process of it is left.
struct LaunchFailed {
  std::uint64_t generation;
  bool locked;         ///< another process holds the data directory
  std::string reason;  ///< names the operation, the object and the cause
};
struct Ready {
  std::uint64_t generation;
};
struct Unresponsive {
  std::uint64_t generation;
  std::string reason;
};
struct Exited {
  std::uint64_t generation;
  Exit exit;
};  ///< the leader died; others of its tree may live
struct Emptied {
  std::uint64_t generation;
};  ///< the leader died and nothing of its tree is left
struct TimerFired {
  std::uint64_t token;
};
/// First event of a node that was read from the ledger at our start. Its state is the one last recorded.
struct Recovered {
  bool process;       ///< a process is recorded: it is adopted, and if it is gone Exited follows
  bool leftovers;     ///< no process is recorded, yet its tree is not empty
  bool dead = false;  ///< the recorded process is gone
};

using Event = std::variant<StartRequested, StopRequested, RestartRequested, ShutdownRequested, Execed,
                           LaunchFailed, Ready, Unresponsive, Exited, Emptied, TimerFired, Recovered>;

// ---- effects, carried out in order

/// Write the intent, with fsync. Always the first effect, so that when it fails the step can be dropped: the
/// node stays as it was and the requester is told why.
struct CommitIntent {};
struct SaveIntent {};  ///< as above, but for a change that already happened: a failure is only logged
struct SaveFacts {};   ///< best effort
struct Forget {};      ///< remove intent and facts; the data stays
struct RecordDeath {
  std::uint64_t generation;
  Exit exit;
};  ///< one line in the event log, before Reap
struct RecordEvent {
  std::uint64_t generation;
  std::string what;
  std::string cause;
};
struct Reap {
  std::uint64_t generation;
};
struct Spawn {
  std::uint64_t generation;
};
struct Terminate {
  std::uint64_t generation;
};  ///< SIGTERM to the whole tree
struct Kill {
  std::uint64_t generation;
};  ///< SIGKILL to the whole tree
struct ArmTimer {
  Timer timer;
  Nanoseconds delay;  ///< from when it is carried out, because the effects before it may take long
};
struct DisarmTimer {};
enum class Waiter { kStart, kStop, kRestart };
/// Answers everyone who waits for it. `with_output`: add the last lines that the server printed.
struct Answer {
  Waiter waiter;
  bool success;
  std::string text;
  bool with_output = false;
};
struct Refuse {
  std::string text;
};  ///< to the requester of this event only

using Effect = std::variant<CommitIntent, SaveIntent, SaveFacts, Forget, RecordDeath, RecordEvent, Reap,
                            Spawn, Terminate, Kill, ArmTimer, DisarmTimer, Answer, Refuse>;

}  // namespace sutra::supervisor::core
