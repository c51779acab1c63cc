// Node trees without cgroups: found by session, by descent, and by NODE_ID in the environment of orphans that
// became our children. Cannot prove that nothing is left. Supervisor.
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

/// Members are: the leader; its session, while that is provably still its; what descends from those, or was
/// once seen to; and children of ours that lead no node's tree and whose environment names the node.
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

  /// `pidfd` null: the leader is dead; its session may live on.
  void set_leader(const UniqueFd* pidfd, int pid);
  [[nodiscard]] int leader_pid() const { return leader_pid_; }

 private:
  /// Looks, and remembers whom it saw.
  [[nodiscard]] ProcessScan members();
  [[nodiscard]] bool leader_alive() const;
  [[nodiscard]] std::set<pid_t> roots(const ProcessScan& scan);

  ProcessTrees& trees_;
  std::string node_id_;
  int leader_pid_ = 0;
  UniqueFd leader_;
  bool killed_ = false;
  // What earlier looks established.
  bool session_over_ = false;            ///< the session with the leader's number is not its any more
  std::map<pid_t, std::uint64_t> seen_;  ///< start ticks by pid, of whom the last look found
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

  /// True for the leader of some node's tree.
  [[nodiscard]] bool claimed(pid_t pid) const;

 private:
  friend class ProcessTree;
  std::string lost_;
  std::set<const ProcessTree*> known_;
};

}  // namespace sutra::supervisor
