// One process generation of one node. Turns what the kernel reports about its processes into events of the
// state machine, and carries out its orders (terminate, kill, reap). Makes no decisions. Supervisor, one
// thread.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/result.h"
#include "supervisor/core/event.h"
#include "supervisor/nodes/platform.h"

namespace sutra::supervisor {

class NodeProcess {
 public:
  /// Called with Execed, LaunchFailed, Exited and Emptied of this generation, each at most once. After
  /// LaunchFailed or Emptied no process and no tree is left, and the callee may let go of this object; it
  /// must be destroyed later than this call (Nodes::retire()).
  using Post = std::function<void(core::Event)>;

  NodeProcess(Platform& platform, std::string node_id, std::uint64_t generation, Post post);
  NodeProcess(const NodeProcess&) = delete;
  NodeProcess& operator=(const NodeProcess&) = delete;

  /// Creates the tree and a launcher that waits at its gate. On an error no process and no tree is left.
  [[nodiscard]] Status launch(const core::Node& node);
  /// Opens the gate and starts to watch the process. Call it once, after the process is recorded in the
  /// ledger.
  [[nodiscard]] Status open();
  /// Watches a process that an earlier supervisor started. `process` null: it has ended; Exited is posted at
  /// once.
  void adopt(const ProcessIdentity& identity, std::unique_ptr<ServerProcess> process);
  /// Watches a tree whose leader's death is recorded already; posts only Emptied.
  void adopt_leftovers();

  /// Reads a launcher's report or exit now, before the loop does, and posts the event.
  void catch_up();

  void terminate();
  void kill();
  void reap();

  [[nodiscard]] const ProcessIdentity& identity() const { return identity_; }
  [[nodiscard]] std::uint64_t generation() const { return generation_; }
  /// True while the launcher has not executed the server.
  [[nodiscard]] bool launching() const { return launch_ != nullptr; }

 private:
  void on_report();
  void on_exit();
  void report_death(core::Exit exit);
  void watch_empty();
  void on_tree_change();
  void on_empty();

  Platform& platform_;
  std::string node_id_;
  std::uint64_t generation_;
  Post post_;

  ProcessIdentity identity_;
  std::unique_ptr<ServerProcess> process_;
  std::unique_ptr<Launch> launch_;  ///< null after the exec, and for an adopted process
  std::unique_ptr<NodeTree> tree_;
  // Declared last, so destroyed first: a watch must not outlive what it watches.
  WatchHandle exit_watch_, report_watch_, empty_watch_, exit_timer_, empty_timer_;
  int exit_polls_ = 0;
};

}  // namespace sutra::supervisor
