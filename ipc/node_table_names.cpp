#include "ipc/node_table.h"

namespace sutra::ipc {

std::string_view state_name(NodeState state) {
  switch (state) {
    case NodeState::kNone:
      return "none";
    case NodeState::kStarting:
      return "starting";
    case NodeState::kRunning:
      return "running";
    case NodeState::kCleaning:
      return "cleaning";
    case NodeState::kBackoff:
      return "backoff";
    case NodeState::kStopping:
      return "stopping";
    case NodeState::kFailed:
      return "failed";
    case NodeState::kOccupied:
      return "occupied";
  }
  return "unknown";
}

std::string_view wire_state_name(NodeState state) {
  switch (state) {
    case NodeState::kNone:
      return "stopped";
    case NodeState::kStarting:
    case NodeState::kCleaning:
    case NodeState::kBackoff:
      return "starting";
    case NodeState::kRunning:
      return "running";
    case NodeState::kStopping:
      return "stopping";
    case NodeState::kFailed:
    case NodeState::kOccupied:
      return "failed";
  }
  return "failed";
}

std::string_view goal_name(NodeGoal goal) {
  switch (goal) {
    case NodeGoal::kRunning:
      return "running";
    case NodeGoal::kStopped:
      return "stopped";
    case NodeGoal::kParked:
      return "parked";
  }
  return "unknown";
}

std::string_view cause_name(ExitCause cause) {
  switch (cause) {
    case ExitCause::kNone:
      return "none";
    case ExitCause::kExit:
      return "exit";
    case ExitCause::kSignal:
      return "signal";
    case ExitCause::kOom:
      return "oom";
    case ExitCause::kUnknown:
      return "unknown";
  }
  return "unknown";
}

}  // namespace sutra::ipc
