#include "common/node_state.h"

namespace sutra {
namespace {

template <typename E>
std::optional<E> named(std::string_view name, E last, std::string_view (*name_of)(E)) {
  for (int value = 0; value <= static_cast<int>(last); ++value) {
    if (name_of(static_cast<E>(value)) == name) return static_cast<E>(value);
  }
  return std::nullopt;
}

}  // namespace

std::string_view state_name(NodeState state) {
  switch (state) {
    case NodeState::kGone:
      return "gone";
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

std::string_view wire_state_name(NodeState state) {
  switch (state) {
    case NodeState::kGone:
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

std::optional<NodeState> state_named(std::string_view name) {
  return named(name, NodeState::kOccupied, state_name);
}
std::optional<NodeGoal> goal_named(std::string_view name) {
  return named(name, NodeGoal::kParked, goal_name);
}
std::optional<ExitCause> cause_named(std::string_view name) {
  return named(name, ExitCause::kUnknown, cause_name);
}

}  // namespace sutra
