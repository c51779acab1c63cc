// Node trees with cgroup v2: each process generation of a node has its own cgroup, named NODE_ID.GENERATION.
// Supervisor, one thread.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/containment/node_tree.h"
#include "supervisor/containment/process_tree.h"

namespace sutra::supervisor {

class CgroupTree final : public NodeTree {
 public:
  /// Opens cgroup `name` below `root_fd`, which must stay open. A cgroup that does not exist is an empty
  /// tree.
  CgroupTree(int root_fd, std::string name);

  [[nodiscard]] bool exists() const { return directory_.valid(); }
  [[nodiscard]] int cgroup_fd() const override { return directory_.get(); }
  [[nodiscard]] int events_fd() const override { return events_.get(); }
  [[nodiscard]] bool populated() override;
  void terminate() override;
  void kill() override;
  void repeat_kill() override;
  [[nodiscard]] bool oom_killed() const override;
  bool remove() override;

 private:
  void signal_all(int signal);

  int root_fd_;
  std::string name_;
  UniqueFd directory_, events_;
  bool killed_ = false;
};

class CgroupTrees final : public NodeTrees {
 public:
  CgroupTrees(UniqueFd root, std::string path);

  [[nodiscard]] TreeMode mode() const override {
    return memory_ ? TreeMode::kCgroupWithMemory : TreeMode::kCgroup;
  }
  [[nodiscard]] std::string path() const override { return path_; }
  [[nodiscard]] std::string lost() const override;
  [[nodiscard]] Result<std::unique_ptr<NodeTree>> create(const std::string& node_id, std::uint64_t generation,
                                                         std::uint64_t memory_limit_mb) override;
  [[nodiscard]] std::unique_ptr<NodeTree> adopt(const std::string& node_id, std::uint64_t generation,
                                                const UniqueFd* leader_pidfd, int leader_pid) override;
  void set_leader(NodeTree&, const UniqueFd&, int) override {}
  [[nodiscard]] std::vector<Leaf> leaves() const override;
  void sweep(const std::vector<Leaf>& keep) override;

 private:
  [[nodiscard]] Status set_up(const CgroupTree& leaf, const std::string& name,
                              std::uint64_t memory_limit_mb) const;

  UniqueFd root_;
  std::string path_;
  bool memory_;
  std::unique_ptr<ProcessTrees>
      strays_;  ///< for leaders that were started without a cgroup; made for the first of them
};

/// "a.b.7" is node "a.b", generation 7; nothing for names that are not a leaf's. Pure.
struct LeafName {
  std::string node_id;
  std::uint64_t generation = 0;
};
[[nodiscard]] std::optional<LeafName> parse_leaf_name(const std::string& name);

}  // namespace sutra::supervisor
