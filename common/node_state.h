// The states, goals and exit causes of a node, and their names. Used by the core, the ledger's files, the
// node table, and in what operators and the Master read. Pure. Both processes.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace sutra {

// The values are stored in the node table, so a value must never change its meaning.

enum class NodeState : std::uint8_t {
  kGone = 0,  ///< no node: a free row of the table; or the node was just removed
  kStarting = 1,
  kRunning = 2,
  kCleaning = 3,  ///< its process died; the rest of its process tree is being killed
  kBackoff = 4,
  kStopping = 5,
  kFailed = 6,    ///< given up (quarantine): an operator or the Master must start it again
  kOccupied = 7,  ///< another process holds its data directory or its port
};

enum class NodeGoal : std::uint8_t {
  kRunning = 0,
  kStopped = 1,  ///< stop and forget
  kParked = 2,   ///< stop with the agent; start again with it
};

enum class ExitCause : std::uint8_t {
  kNone = 0,  ///< only in the node table: no process of the node has ended yet
  kExit = 1,
  kSignal = 2,
  kOom = 3,
  kUnknown = 4,
};

/// The names in the ledger's files and for operators: "backoff", "parked", "oom". "unknown" for a value
/// outside of the enum (a row of the node table may hold any byte).
[[nodiscard]] std::string_view state_name(NodeState state);
[[nodiscard]] std::string_view goal_name(NodeGoal goal);
[[nodiscard]] std::string_view cause_name(ExitCause cause);

/// The Master's names: cleaning and backoff are "starting", occupied is "failed", gone is "stopped".
[[nodiscard]] std::string_view wire_state_name(NodeState state);

/// The value with this name, or nullopt.
[[nodiscard]] std::optional<NodeState> state_named(std::string_view name);
[[nodiscard]] std::optional<NodeGoal> goal_named(std::string_view name);
[[nodiscard]] std::optional<ExitCause> cause_named(std::string_view name);

}  // namespace sutra
