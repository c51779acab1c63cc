// One generation of one node's process, as the event loop sees it: turns what the kernel says about it into
// events of the state machine, and carries out the orders that concern a process. Decides nothing.
// Supervisor.
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
  /// Told of Execed, LaunchFailed, Exited, Emptied of this generation, each at most once. After LaunchFailed
  /// and Emptied nothing of it is left, and the callee may destroy the NodeProcess (later in the same loop
  /// turn).
  using Post = std::function<void(core::Event)>;

  NodeProcess(Platform& platform, std::string node_id, std::uint64_t generation, Post post);
  NodeProcess(const NodeProcess&) = delete;
  NodeProcess& operator=(const NodeProcess&) = delete;

  /// Makes the tree and a launcher in it that waits at the gate. On an error nothing is left.
  [[nodiscard]] Status launch(const core::Node& node);
  /// Lets it exec and begins to watch.
  [[nodiscard]] Status open();
  /// Watches a process of an earlier supervisor. Null: it is gone, and Exited follows at once.
  void adopt(const ProcessIdentity& identity, std::unique_ptr<ServerProcess> process);
  /// Watches a tree whose leader is long dead.
  void adopt_leftovers();

  /// Posts what a launcher reported, or how it ended, if the loop has not come to see it yet.
  void catch_up();

  void terminate();
  void kill();
  void reap();

  [[nodiscard]] const ProcessIdentity& identity() const { return identity_; }
  [[nodiscard]] std::uint64_t generation() const { return generation_; }
  /// A launcher that has not become the server yet.
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
  std::unique_ptr<Launch> launch_;  ///< until the exec was seen, or nothing is left
  std::unique_ptr<NodeTree> tree_;
  // Declared last: a watch goes before what it watches.
  WatchHandle exit_watch_, report_watch_, empty_watch_, exit_timer_, empty_timer_;
  int exit_polls_ = 0;
};

}  // namespace sutra::supervisor
