// Node trees without cgroups: by session, by descent, and by what our orphans carry in their environment. It
// finds what can be found; it cannot prove that nothing is left. Supervisor.
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
/// once seen to; and children of ours that no node or exclusion claims and whose environment names the node.
class ProcessTree final : public NodeTree {
 public:
  ProcessTree(ProcessTrees& trees, std::string node_id);
  ~ProcessTree() override;
  ProcessTree(const ProcessTree&) = delete;
  ProcessTree& operator=(const ProcessTree&) = delete;

  [[nodiscard]] int cgroup_fd() const override { return -1; }
  [[nodiscard]] int events_fd() const override { return -1; }
  [[nodiscard]] bool populated() const override;
  void terminate() override;
  void kill() override;
  [[nodiscard]] bool oom_killed() const override { return false; }
  bool remove() override { return !populated(); }

  /// `pidfd` null: the leader is dead; its session may live on.
  void set_leader(const UniqueFd* pidfd, int pid);
  [[nodiscard]] int leader_pid() const { return leader_pid_; }

 private:
  /// Looks, and remembers what it saw.
  [[nodiscard]] ProcessScan members() const;
  [[nodiscard]] bool leader_alive() const;
  [[nodiscard]] std::set<pid_t> roots(const ProcessScan& scan) const;
  void kill_all() const;

  ProcessTrees& trees_;
  std::string node_id_;
  int leader_pid_ = 0;
  UniqueFd leader_;
  bool killed_ = false;
  // What earlier looks established; looking changes nothing that a caller could observe otherwise.
  mutable bool session_over_ = false;
  mutable std::map<pid_t, std::uint64_t> seen_;  ///< start ticks by pid
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
  void exclude(int pid) override;
  [[nodiscard]] std::vector<Leaf> leaves() const override { return {}; }
  void sweep(const std::vector<Leaf>&) override {}

  /// A child of ours that is some node's leader, or excluded.
  [[nodiscard]] bool claimed(const ScannedProcess& process) const;

 private:
  friend class ProcessTree;
  std::string lost_;
  std::set<const ProcessTree*> known_;
  std::map<pid_t, std::uint64_t> excluded_;  ///< start ticks by pid
};

}  // namespace sutra::supervisor
