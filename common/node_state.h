// What a node's state, goal and last exit can be, and their names. One list for the core, the ledger's files,
// the node table and what operators and the Master read. Pure. Both processes.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace sutra {

// The values are bytes of the node table: a value never changes its meaning.

enum class NodeState : std::uint8_t {
  kGone = 0,  ///< there is no node: a free row of the table, or the last step of one
  kStarting = 1,
  kRunning = 2,
  kCleaning = 3,  ///< its process died; what is left of its process tree is killed
  kBackoff = 4,
  kStopping = 5,
  kFailed = 6,    ///< quarantined
  kOccupied = 7,  ///< another process holds its data directory or its port
};

enum class NodeGoal : std::uint8_t {
  kRunning = 0,
  kStopped = 1,  ///< stop and forget
  kParked = 2,   ///< stop with the agent; start again with it
};

enum class ExitCause : std::uint8_t {
  kNone = 0,  ///< only in a row of the node table: no process of the node ended yet
  kExit = 1,
  kSignal = 2,
  kOom = 3,
  kUnknown = 4,
};

/// The names for operators and in the ledger's files: "backoff", "parked", "oom". A value outside the enum (a
/// row of the table holds any byte) is "unknown".
[[nodiscard]] std::string_view state_name(NodeState state);
[[nodiscard]] std::string_view goal_name(NodeGoal goal);
[[nodiscard]] std::string_view cause_name(ExitCause cause);

/// The Master's names: cleaning and backoff are "starting", occupied is "failed", gone is "stopped".
[[nodiscard]] std::string_view wire_state_name(NodeState state);

/// The value that has this name, or nothing.
[[nodiscard]] std::optional<NodeState> state_named(std::string_view name);
[[nodiscard]] std::optional<NodeGoal> goal_named(std::string_view name);
[[nodiscard]] std::optional<ExitCause> cause_named(std::string_view name);

}  // namespace sutra
