// Descriptors that a supervisor passes to the image that replaces it by execve(2). The environment variable
// SUTRA_HANDOFF lists their numbers. Supervisor.
#pragma once
#include <string>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"

namespace sutra::supervisor {

struct Handoff {
  UniqueFd configuration;         ///< sealed memfd with the checked configuration
  UniqueFd listener;              ///< the control socket
  std::vector<UniqueFd> locks;    ///< runtime_dir's lock, then state_dir's
  std::vector<UniqueFd> waiters;  ///< connections of operators who wait for the result of the reload
  [[nodiscard]] bool valid() const { return configuration.valid(); }
};

/// Removes the variable from our environment and takes ownership of the descriptors in it. Returns an empty
/// handoff, and closes nothing, when the variable is not set, was made for another pid (our parent's
/// variable, inherited), does not parse, or names a descriptor that is not open.
[[nodiscard]] Handoff take_handoff();

/// Replaces this process by `program` (execve). Returns only on failure; then nothing has changed. Every
/// descriptor of `handoff` must be valid. The caller must have blocked all signals: a signal that arrives
/// meanwhile stays pending until the new image has its handlers and unblocks it (execve(2) keeps the mask).
[[nodiscard]] Status exec_with(const std::string& program, const std::vector<std::string>& arguments,
                               Handoff handoff);

}  // namespace sutra::supervisor
