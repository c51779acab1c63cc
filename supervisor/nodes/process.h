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
#include "supervisor/launch/spawn.h"
#include "common/loop/fd_watch.h"
#include "common/loop/timer.h"
#include "supervisor/containment/node_tree.h"
#include "supervisor/host/process.h"

namespace sutra::supervisor {

class NodeProcess {
 public:
  /// Told of Execed, LaunchFailed, Exited, Emptied of this generation, each at most once. After LaunchFailed
  /// and Emptied nothing of it is left, and the callee may destroy the NodeProcess (later in the same loop
  /// turn).
  using Post = std::function<void(core::Event)>;

  NodeProcess(EventLoop& loop, NodeTrees& trees, std::string node_id, std::uint64_t generation, Post post);
  NodeProcess(const NodeProcess&) = delete;
  NodeProcess& operator=(const NodeProcess&) = delete;

  /// Makes the tree and a launcher in it that waits at the gate. On an error nothing is left.
  [[nodiscard]] Status launch(Launcher& launcher, LaunchPlan plan, LaunchSubject subject,
                              std::uint64_t memory_limit_mb);
  /// Lets it exec and begins to watch.
  [[nodiscard]] Status open();
  /// Watches a process of an earlier supervisor. Without a pidfd it is gone: Exited follows at once.
  void adopt(const ProcessIdentity& identity, std::optional<UniqueFd> pidfd);
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
  [[nodiscard]] bool launching() const { return launching_; }

 private:
  void watch_exit();
  void on_report();
  void on_exit();
  void report_death(core::Exit exit);
  void watch_empty();
  void on_tree_change();
  void on_empty();

  EventLoop& loop_;
  NodeTrees& trees_;
  std::string node_id_;
  std::uint64_t generation_;
  Post post_;

  LaunchSubject subject_;
  ProcessIdentity identity_;
  UniqueFd pidfd_, report_;
  Launched launched_;  // until open()
  LaunchReport progress_;
  bool launching_ = false;
  bool leader_dead_ = false;
  std::unique_ptr<NodeTree> tree_;
  FdWatch exit_watch_, report_watch_, empty_watch_;
  Timer empty_timer_, exit_timer_;
  int exit_polls_ = 0;
};

}  // namespace sutra::supervisor
