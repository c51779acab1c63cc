// Interface between Nodes and the operating system: processes and their trees, directories, output,
// listeners, time. LinuxPlatform implements it for a real host. Unit tests have a small implementation, and
// the simulation has one that fails, kills processes and reuses pids; both run the real Nodes. Supervisor,
// one thread.
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

/// The leader of a node's tree: a launcher, then (same pid) the server that it executed; or a server that an
/// earlier supervisor started. Identified by a pidfd, never by a pid alone. Destroying the object ends no
/// process.
class ServerProcess {
 public:
  virtual ~ServerProcess() = default;
  [[nodiscard]] virtual const ProcessIdentity& identity() const = 0;
  /// How it ended; nullopt while it runs. Does not reap. See peek_exit().
  [[nodiscard]] virtual std::optional<Ended> ended() const = 0;
  /// Reaps a dead child. Does nothing for a process that is not our child.
  virtual void reap() = 0;
  /// Calls `seen` from the loop when ended() may have a result, until the handle is destroyed. `seen` may be
  /// called without cause.
  [[nodiscard]] virtual WatchHandle watch_end(std::function<void()> seen) = 0;
};

/// Why a launcher did not execute its server.
struct LaunchFailure {
  bool locked = false;  ///< another process holds the lock of the data directory
  std::string message;  ///< operation, object, cause and advice
};

/// A launcher that has not executed its server yet. Destroying the object before open_gate() makes the
/// launcher exit.
class Launch {
 public:
  virtual ~Launch() = default;
  /// Lets the launcher execute the server. Fails when it is dead already; its ServerProcess reports the exit
  /// as usual.
  [[nodiscard]] virtual Status open_gate() = 0;
  /// Reads the reports that have come and returns the state. Never blocks.
  [[nodiscard]] virtual LaunchProgress progress() = 0;
  /// Call it only after the launcher has ended and progress() is not kExeced.
  [[nodiscard]] virtual LaunchFailure failure() const = 0;
  /// Calls `seen` from the loop when progress() may have changed, until the handle is destroyed.
  [[nodiscard]] virtual WatchHandle watch_report(std::function<void()> seen) = 0;
};

/// The result of Platform::start(): a launcher that waits at its gate, in its tree.
struct StartedProcess {
  std::unique_ptr<ServerProcess> process;
  std::unique_ptr<Launch> launch;
  std::unique_ptr<NodeTree> tree;
};

class Platform {
 public:
  virtual ~Platform() = default;

  [[nodiscard]] virtual Timers& timers() = 0;
  /// A random number for jitter; an attacker may be able to predict it.
  [[nodiscard]] virtual std::uint32_t entropy() = 0;

  // ---- processes

  /// Creates what the node's current generation needs (data directory, log, exec mark, tree) and a launcher
  /// that waits at its gate. On an error only directories and the log are left, no process and no tree.
  [[nodiscard]] virtual Result<StartedProcess> start(const core::Node& node) = 0;
  /// Finds the recorded process. Null: it has ended and was reaped, or its pid belongs to another process
  /// now. A zombie is found. An error: this host cannot check it now (no descriptors or memory left); do not
  /// treat that as ended.
  [[nodiscard]] virtual Result<std::unique_ptr<ServerProcess>> find(const ProcessIdentity& identity) = 0;
  /// Whether the launcher of that generation executed its server, from the exec mark (exec_mark.h). Nullopt:
  /// unknown.
  [[nodiscard]] virtual std::optional<bool> executed(const std::string& node_id,
                                                     std::uint64_t generation) = 0;
  /// Deletes the node's exec marks.
  virtual void forget_execution(const std::string& node_id) = 0;

  // ---- trees

  /// The tree of a generation that an earlier supervisor started. `leader`: from find(); null when it is
  /// dead. A tree that does not exist counts as empty.
  [[nodiscard]] virtual std::unique_ptr<NodeTree> adopt_tree(const std::string& node_id,
                                                             std::uint64_t generation,
                                                             const ServerProcess* leader) = 0;
  /// Calls `seen` from the loop when the tree may have become empty, and periodically, until the handle is
  /// destroyed.
  [[nodiscard]] virtual WatchHandle watch_tree(NodeTree& tree, std::function<void()> seen) = 0;
  /// All trees that exist in the kernel, also those of other supervisors. Empty where there are no cgroups.
  [[nodiscard]] virtual std::vector<NodeTrees::Leaf> leaves() const = 0;
  /// Removes empty trees that are not in `keep`.
  virtual void remove_empty_leaves(const std::vector<NodeTrees::Leaf>& keep) = 0;
  /// Path of a tree, for messages.
  [[nodiscard]] virtual std::string tree_path(const std::string& node_id, std::uint64_t generation) const = 0;

  // ---- directories, output, ports

  /// Whether a node can use its data directory. Creates nothing; a missing directory is no error.
  [[nodiscard]] virtual Status check_directory(const core::Placement& placement) = 0;
  /// The process that holds the lock of a data directory: "pid 1234 (redis-server)". Empty: none, or not
  /// known.
  [[nodiscard]] virtual std::string lock_holder(const core::Placement& placement) = 0;
  /// Size of the node's log in bytes.
  [[nodiscard]] virtual off_t output_size(const std::string& node_id) = 0;
  /// The last lines of the node's log after byte `from`, made printable for a message; empty when there are
  /// none.
  [[nodiscard]] virtual std::string last_output(const std::string& node_id, off_t from) = 0;
  /// All listening TCP sockets of this host.
  [[nodiscard]] virtual Result<std::vector<core::Taken>> listeners() = 0;
};

}  // namespace sutra::supervisor
