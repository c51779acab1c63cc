// The set of processes of each node, for signals and to know when it is empty: a cgroup where we may create
// one, else the processes found by session and descent in /proc. Supervisor, one thread.
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
  kProcessTree = 0,       ///< no usable cgroup v2: a process that hides may be missed
  kCgroup = 1,            ///< cgroup v2 without the memory controller
  kCgroupWithMemory = 2,  ///< memory.max works
};

/// The processes of one generation of one node. Destroying the object changes nothing in the kernel. Its
/// NodeTrees must outlive it.
class NodeTree {
 public:
  virtual ~NodeTree() = default;
  /// Directory descriptor of the cgroup, for CLONE_INTO_CGROUP; owned by the tree. -1 in process-tree mode.
  [[nodiscard]] virtual int cgroup_fd() const = 0;
  /// Signals POLLPRI when `populated` may have changed (cgroup.events, cgroups(7)). -1 in process-tree mode:
  /// call populated() from a timer.
  [[nodiscard]] virtual int events_fd() const = 0;
  /// True when a process of the tree is alive. Zombies do not count. Sends no signal. Not const: process-tree
  /// mode remembers the processes that it found, to recognise them after they leave the leader's descendants.
  /// True on a read error other than "removed".
  [[nodiscard]] virtual bool populated() = 0;
  virtual void terminate() = 0;  ///< sends SIGTERM to every process, once per call
  virtual void kill() = 0;       ///< sends SIGKILL to every process; may be repeated
  /// Calls kill() again if it was called before; else does nothing. Call it while you wait for the tree to
  /// become empty: kill() can miss a process that forks quickly, and a system call can fail.
  virtual void repeat_kill() = 0;
  /// True when the kernel killed a process of the tree for lack of memory (memory.events). Always false
  /// without the memory controller.
  [[nodiscard]] virtual bool oom_killed() const = 0;
  /// Removes the empty cgroup and the child cgroups that the node may have created. True when nothing is
  /// left. False: not empty yet; try again later.
  virtual bool remove() = 0;
};

/// Creates and finds the trees of all nodes. One object per supervisor.
class NodeTrees {
 public:
  /// Uses the directory `wanted` ($SUTRA_NODES_CGROUP) when given, else creates sutra-AGENT_ID below our own
  /// cgroup; leaves are created directly in it. Tests the directory with a probe process (so this forks once:
  /// call it while the process has one thread). When the directory does not work, falls back to process trees
  /// and gives the reason in lost(). A `wanted` that does not work is never replaced by our own cgroup:
  /// systemd kills what is in a service's cgroup when it stops the service, nodes too. In process-tree mode
  /// this process becomes a subreaper (PR_SET_CHILD_SUBREAPER, prctl(2)).
  [[nodiscard]] static std::unique_ptr<NodeTrees> open(const std::optional<std::string>& wanted,
                                                       const std::string& agent_id);
  virtual ~NodeTrees() = default;

  [[nodiscard]] virtual TreeMode mode() const = 0;
  /// Directory of the leaves; empty in process-tree mode.
  [[nodiscard]] virtual std::string path() const = 0;
  /// Which protection is missing on this host, and why; empty when all work.
  [[nodiscard]] virtual std::string lost() const = 0;

  /// Creates the empty leaf NODE_ID.GENERATION and sets memory.max (`memory_limit_mb` MiB; 0: no limit) and
  /// memory.oom.group, where the memory controller is available. On an error no leaf is left.
  [[nodiscard]] virtual Result<std::unique_ptr<NodeTree>> create(const std::string& node_id,
                                                                 std::uint64_t generation,
                                                                 std::uint64_t memory_limit_mb) = 0;
  /// Opens the tree of a process that an earlier supervisor started. `leader_pidfd`: null when the leader is
  /// dead; it is duplicated, not kept. Process-tree mode uses `leader_pid` and its session. A leader that
  /// lives but is not in its cgroup (it was started in the other mode) gets a process tree.
  [[nodiscard]] virtual std::unique_ptr<NodeTree> adopt(const std::string& node_id, std::uint64_t generation,
                                                        const UniqueFd* leader_pidfd, int leader_pid) = 0;
  /// Process-tree mode: tells the tree its leader, after the launch. Does nothing with cgroups.
  virtual void set_leader(NodeTree& tree, const UniqueFd& pidfd, int pid) = 0;

  /// A leaf that exists in the kernel. `populated`: a process lives in it.
  struct Leaf {
    std::string node_id;
    std::uint64_t generation = 0;
    bool populated = false;
  };
  [[nodiscard]] virtual std::vector<Leaf> leaves() const = 0;
  /// Removes the empty leaves that are not in `keep`.
  virtual void sweep(const std::vector<Leaf>& keep) = 0;
};

}  // namespace sutra::supervisor
