// What the supervisor knows of one node, as plain values. Pure: no system call, clock, log or file.
//
// The model. A node has a state (what is) and a goal (what is wanted); everything else follows from the two.
//
//    StartNode                            it listens on its port
//   ───────────▶ starting ──────────────────────────────────────▶ running
//                 │ ▲ │ │                                           │ │
//    data dir     │ │ │ │ stop, restart,                            │ │ stop, restart,
//    is locked    │ │ │ │ too slow at its first start               │ │ failed probes
//    by another   │ │ │ └───────────────────────────▶ stopping ◀────┘ │
//                 ▼ │ │                                  │            │
//          occupied │ │ exit, failed launch              │            │ exit
//                 │ │ └──────────▶ cleaning ◀────────────┼────────────┘
//                 │ │                  │                 │
//           retry └─┤                  ▼                 ▼    nothing of the node is left
//                   │                  ├─────────────────┤
//                   │                  │                 └──▶ gone     it is to be stopped
//                   ├── at once ◀──────┤                               it may start again
//                   ├── backoff ◀──────┤                               the same, but not at once
//                   └── failed  ◀──────┘                               it failed too often: only an
//                                                                      operator or a Master starts it
//
// `cleaning` and `stopping` end only when nothing of the node is left, so a spawn never meets its
// predecessor. Every process has a generation; every armed timer a token. An event that carries an old one
// changes nothing.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/node_id.h"
#include "common/node_state.h"

namespace sutra::supervisor::core {

using Nanoseconds = std::chrono::nanoseconds;

/// A point in time. `boot` is CLOCK_BOOTTIME: it never steps and counts suspend. `unix` only labels records.
struct Moment {
  Nanoseconds boot{0};
  std::int64_t unix_secs = 0;
};

/// A spawn as it was asked for; two are the same request when they are equal.
struct Request {
  std::string storage_path;
  std::uint32_t port = 0;
  std::uint64_t memory_mb = 0;
  friend bool operator==(const Request&, const Request&) = default;
};

/// What the request was resolved to. Kept for the node's whole life, through every restart.
struct Placement {
  std::string storage_path;  ///< absolute
  std::string root;          ///< the allowed root above it
  std::uint16_t port = 0;
  std::uint64_t memory_mb = 0;
  friend bool operator==(const Placement&, const Placement&) = default;
};

using State = NodeState;
using Goal = NodeGoal;  ///< parked is never written to disk: there it is running
using sutra::ExitCause;

/// What must survive a reboot. Written before anything is answered.
struct Intent {
  NodeId node_id;
  Request request;
  Placement placement;
  Goal goal = Goal::kRunning;
  bool confirmed = false;      ///< it served once; until then a failure forgets the node
  bool quarantined = false;    ///< restarted too often, or restart_failed_nodes is off
  std::uint64_t revision = 0;  ///< grows with every change; of two copies the higher one counts
  friend bool operator==(const Intent&, const Intent&) = default;
};

/// How a process ended. An unknown end is never shown as a number.
struct Exit {
  ExitCause cause = ExitCause::kUnknown;
  int code = 0;    ///< with kExit
  int signal = 0;  ///< with kSignal, kOom
  std::int64_t at_unix = 0;
  friend bool operator==(const Exit&, const Exit&) = default;
};
[[nodiscard]] std::string describe(
    const Exit& exit);  ///< "exited with code 7", "was killed by signal 9 (Killed)"

/// Crash-loop accounting. Times are CLOCK_BOOTTIME.
struct History {
  std::vector<Nanoseconds> failures;  ///< within the window, oldest first
  std::uint32_t in_a_row = 0;         ///< failures since the last stable run
  std::uint32_t restart_count = 0;    ///< restarts that no operator asked for, for the node's whole life
  friend bool operator==(const History&, const History&) = default;
};

enum class TimerKind { kLaunch, kReadiness, kGrace, kRetry };
struct Timer {
  TimerKind kind = TimerKind::kRetry;
  std::uint64_t token = 0;
  Nanoseconds due{0};
  friend bool operator==(const Timer&, const Timer&) = default;
};

enum class Leader { kNone, kLaunching, kAlive };

struct Node {
  Intent intent;
  State state = State::kStarting;
  Goal goal = Goal::kRunning;  ///< what the process is heading for; differs from intent.goal only as kParked
  Leader leader = Leader::kNone;
  std::uint64_t generation = 0;  ///< of the current or last process
  /// The highest generation that the kernel showed at our start, perhaps of a process that no record knows:
  /// later ones are above it, so that it is never taken for ours.
  std::uint64_t found_generation = 0;
  std::uint64_t next_token = 1;
  std::optional<Timer> timer;
  Nanoseconds since{0};              ///< exec of the current process, or when it became ready; for "stable"
  std::int64_t started_at_unix = 0;  ///< exec of the current process
  std::uint32_t lock_attempts = 0;   ///< in a row, while another holds the data directory
  History history;
  std::optional<Exit> last_exit;
  bool probe_restart = false;  ///< failed probes made us restart it, and it does not serve again yet
  std::string failure;  ///< why it is not running: "it exited with code 7"; empty when nothing went wrong
};

struct Policy {
  bool restart_failed_nodes = true;
  bool readiness_by_probe = true;  ///< false: alive after exec is ready
  std::uint32_t max_restarts = 10;
  Nanoseconds restart_window{0};
  Nanoseconds backoff_initial{0};
  Nanoseconds backoff_max{0};
  Nanoseconds stable_after{0};
  Nanoseconds ready_timeout{0};
  Nanoseconds stop_grace{0};
  /// A launch takes milliseconds. One that hangs (on a dead network file system, or stopped) is given up, so
  /// that whoever asked for it is answered and a later try is not in its way.
  Nanoseconds launch_deadline = std::chrono::seconds(5);
};

}  // namespace sutra::supervisor::core
