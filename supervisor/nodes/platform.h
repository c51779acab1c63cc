// What the nodes' shell asks of the operating system, behind one interface: processes and their trees,
// directories, output, listeners, time. LinuxPlatform is the real one. Unit tests bring a small one of their
// own, and the simulation one whose kernel fails, kills and reuses pids, so that both drive the real Nodes.
// Supervisor.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "supervisor/containment/node_tree.h"
#include "supervisor/core/admission.h"
#include "supervisor/core/node.h"
#include "supervisor/host/process.h"
#include "supervisor/host/timers.h"
#include "supervisor/launch/spawn.h"

namespace sutra::supervisor {

/// The leader of a node's tree: a launcher, the server that it became, or a server of an earlier supervisor.
/// A pidfd, never a bare pid.
class ServerProcess {
 public:
  virtual ~ServerProcess() = default;
  [[nodiscard]] virtual const ProcessIdentity& identity() const = 0;
  /// How it ended; nothing while it lives. A child of ours stays unreaped.
  [[nodiscard]] virtual std::optional<Ended> ended() const = 0;
  /// Takes a dead child off the process table. Nothing happens to a process that is not our child.
  virtual void reap() = 0;
  /// `seen` is called from the loop, until the handle goes, whenever ended() may have something to tell.
  [[nodiscard]] virtual WatchHandle watch_end(std::function<void()> seen) = 0;
};

/// Why a launcher did not become its server.
struct LaunchFailure {
  bool locked = false;  ///< another process holds the data directory
  std::string message;  ///< names the operation, the object, the cause and what to do
};

/// A launcher on its way to become the server. Destroying it before the gate is open ends the launcher.
class Launch {
 public:
  virtual ~Launch() = default;
  /// Lets it execute the server. Fails when the launcher is dead already; its end then follows as usual.
  [[nodiscard]] virtual Status open_gate() = 0;
  /// Reads what it reported meanwhile.
  [[nodiscard]] virtual LaunchProgress progress() = 0;
  /// Only when it ended and progress() is not kExeced.
  [[nodiscard]] virtual LaunchFailure failure() const = 0;
  /// `seen` is called from the loop, until the handle goes, whenever progress() may have changed.
  [[nodiscard]] virtual WatchHandle watch_report(std::function<void()> seen) = 0;
};

/// A process generation that was just started: its launcher waits at the gate, in its tree.
struct StartedProcess {
  std::unique_ptr<ServerProcess> process;
  std::unique_ptr<Launch> launch;
  std::unique_ptr<NodeTree> tree;
};

class Platform {
 public:
  virtual ~Platform() = default;

  [[nodiscard]] virtual Timers& timers() = 0;
  /// For jitter alone: it need not be unpredictable.
  [[nodiscard]] virtual std::uint32_t entropy() = 0;

  // ---- processes

  /// Makes what the node's current generation needs (data directory, log, tree, mark of its exec) and a
  /// launcher in it that waits at its gate. On an error nothing of it is left but directories.
  [[nodiscard]] virtual Result<StartedProcess> start(const core::Node& node) = 0;
  /// The recorded process; null when it is gone or its pid belongs to another by now. A zombie is not gone.
  /// An error means that it cannot be told now (no descriptors, no memory), which is not "gone".
  [[nodiscard]] virtual Result<std::unique_ptr<ServerProcess>> find(const ProcessIdentity& identity) = 0;
  /// What the launcher of a generation itself noted of its exec; see exec_mark.h. Nothing: it cannot be told.
  [[nodiscard]] virtual std::optional<bool> executed(const std::string& node_id,
                                                     std::uint64_t generation) = 0;
  virtual void forget_execution(const std::string& node_id) = 0;

  // ---- trees

  /// The tree of a generation that an earlier supervisor started; `leader` null: it is dead. One that does
  /// not exist is empty.
  [[nodiscard]] virtual std::unique_ptr<NodeTree> adopt_tree(const std::string& node_id,
                                                             std::uint64_t generation,
                                                             const ServerProcess* leader) = 0;
  /// `seen` is called from the loop, until the handle goes, when the tree may have become empty, and from
  /// time to time.
  [[nodiscard]] virtual WatchHandle watch_tree(NodeTree& tree, std::function<void()> seen) = 0;
  /// Every tree that the kernel shows, whoever started it; none where there are no cgroups.
  [[nodiscard]] virtual std::vector<NodeTrees::Leaf> leaves() const = 0;
  /// Removes empty trees that are not in `keep`.
  virtual void remove_empty_leaves(const std::vector<NodeTrees::Leaf>& keep) = 0;
  /// Path of a tree, for messages.
  [[nodiscard]] virtual std::string tree_path(const std::string& node_id, std::uint64_t generation) const = 0;

  // ---- directories, output, ports

  /// Whether a node could use its directory as it is now. Makes nothing; a directory that is missing is no
  /// fault.
  [[nodiscard]] virtual Status check_directory(const core::Placement& placement) = 0;
  /// Who holds the lock on a node's directory: "pid 1234 (redis-server)". Empty: nobody, or it cannot be
  /// told.
  [[nodiscard]] virtual std::string lock_holder(const core::Placement& placement) = 0;
  /// Bytes that the node's servers have written so far.
  [[nodiscard]] virtual off_t output_size(const std::string& node_id) = 0;
  /// The last lines that were written after byte `from`, fit for a message; empty when there are none.
  [[nodiscard]] virtual std::string last_output(const std::string& node_id, off_t from) = 0;
  [[nodiscard]] virtual Result<std::vector<core::Taken>> listeners() = 0;
};

}  // namespace sutra::supervisor
