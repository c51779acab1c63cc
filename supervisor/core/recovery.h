// What a node is at our start, from what was last recorded of it and what the kernel shows. Pure.
#pragma once
#include <cstdint>
#include <optional>

#include "supervisor/core/event.h"
#include "supervisor/core/facts.h"
#include "supervisor/core/node.h"

namespace sutra::supervisor::core {

/// What became of the recorded process.
enum class Seen {
  kGone,   ///< no process has its identity
  kEnded,  ///< not reaped yet: the kernel may still tell how it ended
  kAlive,
};
struct KernelView {
  Seen process = Seen::kGone;
  bool tree_populated = false;  ///< something runs in the tree of the recorded generation
  /// Where no supervisor saw the exec of the recorded process: whether its launcher left a note that it
  /// executed; nothing when it left none.
  std::optional<bool> executed = std::nullopt;
};

/// What the caller must watch from now on.
enum class ToWatch {
  kNothing,
  kProcess,  ///< the recorded process; when it is gone, its Exited is reported at once
  kTree,     ///< what is left of a tree whose leader is dead
};
struct RecoveredNode {
  Node node;                      ///< as last recorded
  Recovered event{false, false};  ///< its first event
  ToWatch watch = ToWatch::kNothing;
};

/// Without a record (a reboot cleared it, or it was deleted) the node starts from its intent.
/// `found_generation`: the highest generation of this node_id that the kernel still shows, so that it is not
/// used again; 0 = none.
///
/// The end of a launcher that never became a server is not recorded as a death. Where neither a supervisor
/// nor the launcher's note tells, a recorded process that is dead is taken for a launcher. Times that this
/// boot cannot have produced are cut to the present.
[[nodiscard]] RecoveredNode recover(Intent intent, const std::optional<Facts>& facts,
                                    std::uint64_t found_generation, const KernelView& kernel,
                                    const Policy& policy, Nanoseconds now);

}  // namespace sutra::supervisor::core
