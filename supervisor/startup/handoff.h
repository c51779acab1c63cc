// What a supervisor hands to the image that replaces it by execve: descriptors, named in one environment
// variable. Supervisor.
#pragma once
#include <string>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"

namespace sutra::supervisor {

struct Handoff {
  UniqueFd configuration;         ///< sealed memfd: the checked bytes
  UniqueFd listener;              ///< control socket
  std::vector<UniqueFd> locks;    ///< runtime_dir's and state_dir's
  std::vector<UniqueFd> waiters;  ///< operators who wait for the verdict
  [[nodiscard]] bool valid() const { return configuration.valid(); }
};

/// Takes the variable out of our environment, and owns what it names. A handoff that was not made for this
/// pid, does not parse, or names a descriptor that is not open, is none; then nothing is closed.
[[nodiscard]] Handoff take_handoff();

/// Replaces this process by `program`. Returns only on failure; then nothing changed. Every descriptor of
/// `handoff` must be valid. Signals must be blocked by the caller: they stay blocked, and pending, until the
/// new image unblocks them.
[[nodiscard]] Status exec_with(const std::string& program, const std::vector<std::string>& arguments,
                               Handoff handoff);

}  // namespace sutra::supervisor
