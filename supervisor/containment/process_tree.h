// Node trees without cgroups. Finds processes by session, by descent, and by NODE_ID in the environment of
// orphans that became our children (we are their subreaper). A process that evades all three is missed.
// Supervisor, one thread.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "supervisor/containment/node_tree.h"
#include "supervisor/containment/process_scan.h"

namespace sutra::supervisor {

class ProcessTrees;

/// Members: the leader; the processes of its session, while the session id is certainly still the leader's;
/// their descendants, also when they were descendants at an earlier scan only; and children of ours that lead
/// no node's tree and have this NODE_ID in their environment.
class ProcessTree final : public NodeTree {
 public:
  ProcessTree(ProcessTrees& trees, std::string node_id);
  ~ProcessTree() override;
  ProcessTree(const ProcessTree&) = delete;
  ProcessTree& operator=(const ProcessTree&) = delete;

  [[nodiscard]] int cgroup_fd() const override { return -1; }
  [[nodiscard]] int events_fd() const override { return -1; }
  [[nodiscard]] bool populated() override;
  void terminate() override;
  void kill() override;
  void repeat_kill() override;
  [[nodiscard]] bool oom_killed() const override { return false; }
  bool remove() override { return !populated(); }

  /// `pidfd` is duplicated. Null: the leader is dead, but other processes of its session may live.
  void set_leader(const UniqueFd* pidfd, int pid);
  [[nodiscard]] int leader_pid() const { return leader_pid_; }

 private:
  /// Scans /proc and remembers the result for the next scan.
  [[nodiscard]] ProcessScan members();
  [[nodiscard]] bool leader_alive() const;
  [[nodiscard]] std::set<pid_t> roots(const ProcessScan& scan);

  ProcessTrees& trees_;
  std::string node_id_;
  int leader_pid_ = 0;
  UniqueFd leader_;
  bool killed_ = false;
  // Results of earlier scans.
  bool session_over_ = false;            ///< the leader's session has ended; its id may be reused
  std::map<pid_t, std::uint64_t> seen_;  ///< start ticks by pid of the members that the last scan found
};

class ProcessTrees final : public NodeTrees {
 public:
  explicit ProcessTrees(std::string lost);

  [[nodiscard]] TreeMode mode() const override { return TreeMode::kProcessTree; }
  [[nodiscard]] std::string path() const override { return {}; }
  [[nodiscard]] std::string lost() const override { return lost_; }
  [[nodiscard]] Result<std::unique_ptr<NodeTree>> create(const std::string& node_id, std::uint64_t generation,
                                                         std::uint64_t memory_limit_mb) override;
  [[nodiscard]] std::unique_ptr<NodeTree> adopt(const std::string& node_id, std::uint64_t generation,
                                                const UniqueFd* leader_pidfd, int leader_pid) override;
  void set_leader(NodeTree& tree, const UniqueFd& pidfd, int pid) override;
  [[nodiscard]] std::vector<Leaf> leaves() const override { return {}; }
  void sweep(const std::vector<Leaf>&) override {}

  /// True when `pid` leads a node's tree.
  [[nodiscard]] bool claimed(pid_t pid) const;

 private:
  friend class ProcessTree;
  std::string lost_;
  std::set<const ProcessTree*> known_;
};

}  // namespace sutra::supervisor
