// The process tree of each node: a cgroup where the kernel gives us one, else what can be found by process
// group and by walking our own children. Supervisor.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"

namespace sutra::supervisor {

enum class TreeMode : std::uint32_t {
  kProcessTree = 0,       ///< no writable cgroup v2: cannot prove that a node is empty
  kCgroup = 1,            ///< cgroup v2 without the memory controller
  kCgroupWithMemory = 2,  ///< memory.max works
};

/// The tree of one process generation of one node. Destroying it removes nothing from the kernel. Must not
/// outlive its NodeTrees.
class NodeTree {
 public:
  virtual ~NodeTree() = default;
  /// Directory fd to be born in; -1 in process-tree mode.
  [[nodiscard]] virtual int cgroup_fd() const = 0;
  /// Readable-with-priority (POLLPRI) when `populated` may have changed; -1 in process-tree mode: poll by
  /// time.
  [[nodiscard]] virtual int events_fd() const = 0;
  /// Is anything of it alive? A zombie, such as the leader before it is reaped, is not. Signals nobody. Not
  /// const: in process-tree mode whom a look finds is remembered, and so is known again when it has left the
  /// leader's descent.
  [[nodiscard]] virtual bool populated() = 0;
  virtual void terminate() = 0;  ///< SIGTERM to everything in it; to each process once a call
  virtual void kill() = 0;       ///< SIGKILL to everything in it; idempotent
  /// kill() once more, if it was called before; else nothing. For whoever waits by a timer until the tree is
  /// empty: a process that forks faster than we look, or a failed system call, may have left something of it
  /// alive.
  virtual void repeat_kill() = 0;
  /// An out-of-memory kill happened in it (memory.events).
  [[nodiscard]] virtual bool oom_killed() const = 0;
  /// Removes the empty cgroup, with those that the node may have made in it. False: not empty yet. True too
  /// when it is gone already.
  virtual bool remove() = 0;
};

/// All trees. One for the supervisor's life.
class NodeTrees {
 public:
  /// Looks for a directory: `wanted` (from $SUTRA_NODES_CGROUP, a directory; the leaves lie right in it) when
  /// given, else sutra-AGENT_ID beneath our own cgroup. It must prove usable: a probe child joins a cgroup
  /// there and leaves it (so this forks once; call it while single-threaded). Falls back to process trees and
  /// says why in `lost()`; a `wanted` that does not work is never replaced by our own cgroup, where systemd
  /// would find it in its way. In process-tree mode we become a subreaper.
  [[nodiscard]] static std::unique_ptr<NodeTrees> open(const std::optional<std::string>& wanted,
                                                       const std::string& agent_id);
  virtual ~NodeTrees() = default;

  [[nodiscard]] virtual TreeMode mode() const = 0;
  [[nodiscard]] virtual std::string path() const = 0;  ///< where the cgroups lie; empty without
  [[nodiscard]] virtual std::string lost()
      const = 0;  ///< what cannot be had here and why; empty when all is well

  /// A new, empty leaf NODE_ID.GENERATION with memory.max = limit (where there is the controller) and
  /// memory.oom.group.
  [[nodiscard]] virtual Result<std::unique_ptr<NodeTree>> create(const std::string& node_id,
                                                                 std::uint64_t generation,
                                                                 std::uint64_t memory_limit_mb) = 0;
  /// The leaf of an earlier supervisor's process. `leader_pid` and its session are what process-tree mode
  /// goes by. A living leader that is not in its leaf (it was started in the other mode) is watched as a
  /// process tree.
  [[nodiscard]] virtual std::unique_ptr<NodeTree> adopt(const std::string& node_id, std::uint64_t generation,
                                                        const UniqueFd* leader_pidfd, int leader_pid) = 0;
  /// In process-tree mode: whose tree this is once it is spawned.
  virtual void set_leader(NodeTree& tree, const UniqueFd& pidfd, int pid) = 0;

  /// Leaves found on disk: node_id, generation, whether anything runs in them.
  struct Leaf {
    std::string node_id;
    std::uint64_t generation = 0;
    bool populated = false;
  };
  [[nodiscard]] virtual std::vector<Leaf> leaves() const = 0;
  /// Removes empty leaves that belong to nobody in `keep`.
  virtual void sweep(const std::vector<Leaf>& keep) = 0;
};

}  // namespace sutra::supervisor
