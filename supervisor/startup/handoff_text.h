// The text that names handed-over descriptors: "pid=7 configuration=11 listener=12 lock=13 lock=14
// waiter=15". Pure. Supervisor.
#pragma once
#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sutra::supervisor {

/// Descriptor numbers; -1: there is none. Who takes the numbers owns what they name.
struct HandoffNumbers {
  int configuration = -1;
  int listener = -1;
  std::vector<int> locks;
  std::vector<int> waiters;
  std::vector<int> unknown;  ///< named by another version; to be closed
  friend bool operator==(const HandoffNumbers&, const HandoffNumbers&) = default;
};

/// `pid` is the process that keeps its pid over the exec. `unknown` is not written.
[[nodiscard]] std::string encode_handoff(pid_t pid, const HandoffNumbers& numbers);

/// Nothing when the text is not one that encode_handoff() wrote for `pid`: the pid comes first, every number
/// is a descriptor above stderr, and none is named twice.
[[nodiscard]] std::optional<HandoffNumbers> decode_handoff(std::string_view text, pid_t pid);

}  // namespace sutra::supervisor
