// The value of SUTRA_HANDOFF: "pid=7 configuration=11 listener=12 lock=13 lock=14 waiter=15". Another version
// of the agent may read it, so unknown names are allowed. Pure. Supervisor.
#pragma once
#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sutra::supervisor {

/// Descriptor numbers, -1 for none. Plain numbers: this struct closes nothing.
struct HandoffNumbers {
  int configuration = -1;
  int listener = -1;
  std::vector<int> locks;
  std::vector<int> waiters;
  std::vector<int> unknown;  ///< under a name that this version does not know; the caller closes them
  friend bool operator==(const HandoffNumbers&, const HandoffNumbers&) = default;
};

/// `pid`: our own, which execve keeps. `numbers.unknown` is not written.
[[nodiscard]] std::string encode_handoff(pid_t pid, const HandoffNumbers& numbers);

/// Nullopt when encode_handoff() cannot have written the text for `pid`: the pid must come first, every
/// number must be above 2 (stderr), and no number may occur twice.
[[nodiscard]] std::optional<HandoffNumbers> decode_handoff(std::string_view text, pid_t pid);

}  // namespace sutra::supervisor
