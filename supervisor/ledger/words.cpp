#include "supervisor/ledger/words.h"

namespace sutra::supervisor::ledger {
namespace {

template <typename E>
std::optional<E> find(std::string_view text, E last) {
  for (int value = 0; value <= static_cast<int>(last); ++value) {
    if (word(static_cast<E>(value)) == text) return static_cast<E>(value);
  }
  return std::nullopt;
}

}  // namespace

std::string_view word(core::State state) {
  switch (state) {
    case core::State::kStarting:
      return "starting";
    case core::State::kRunning:
      return "running";
    case core::State::kCleaning:
      return "cleaning";
    case core::State::kBackoff:
      return "backoff";
    case core::State::kStopping:
      return "stopping";
    case core::State::kFailed:
      return "failed";
    case core::State::kOccupied:
      return "occupied";
    case core::State::kGone:
      return "gone";
  }
  return {};
}

std::string_view word(core::Goal goal) {
  switch (goal) {
    case core::Goal::kRunning:
    case core::Goal::kParked:
      return "running";
    case core::Goal::kStopped:
      return "stopped";
  }
  return {};
}

std::string_view word(core::ExitCause cause) {
  switch (cause) {
    case core::ExitCause::kExit:
      return "exit";
    case core::ExitCause::kSignal:
      return "signal";
    case core::ExitCause::kOom:
      return "oom";
    case core::ExitCause::kUnknown:
      return "unknown";
  }
  return {};
}

std::optional<core::State> state_of(std::string_view text) { return find(text, core::State::kGone); }
std::optional<core::Goal> goal_of(std::string_view text) { return find(text, core::Goal::kParked); }
std::optional<core::ExitCause> exit_cause_of(std::string_view text) {
  return find(text, core::ExitCause::kUnknown);
}

}  // namespace sutra::supervisor::ledger
