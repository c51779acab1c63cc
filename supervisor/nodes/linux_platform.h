// The Platform of a real host: cgroups or process trees, sutra-node-launch, pidfds, libuv. Supervisor, the
// loop's thread.
#pragma once
#include <string>

#include "common/config/config.h"
#include "common/loop/event_loop.h"
#include "supervisor/host/accounts.h"
#include "supervisor/host/loop_timers.h"
#include "supervisor/nodes/platform.h"

namespace sutra::supervisor {

class LinuxPlatform final : public Platform {
 public:
  /// All must outlive the platform.
  struct Parts {
    EventLoop& loop;
    const Config& config;
    const Account& storage_account;
    Launcher& launcher;
    NodeTrees& trees;
  };
  explicit LinuxPlatform(const Parts& parts) : parts_(parts), timers_(parts.loop) {}

  [[nodiscard]] Timers& timers() override { return timers_; }
  [[nodiscard]] std::uint32_t entropy() override;

  [[nodiscard]] Result<StartedProcess> start(const core::Node& node) override;
  [[nodiscard]] Result<std::unique_ptr<ServerProcess>> find(const ProcessIdentity& identity) override;
  [[nodiscard]] std::optional<bool> executed(const std::string& node_id, std::uint64_t generation) override;
  void forget_execution(const std::string& node_id) override;

  [[nodiscard]] std::unique_ptr<NodeTree> adopt_tree(const std::string& node_id, std::uint64_t generation,
                                                     const ServerProcess* leader) override;
  [[nodiscard]] WatchHandle watch_tree(NodeTree& tree, std::function<void()> seen) override;
  [[nodiscard]] std::vector<NodeTrees::Leaf> leaves() const override { return parts_.trees.leaves(); }
  void remove_empty_leaves(const std::vector<NodeTrees::Leaf>& keep) override { parts_.trees.sweep(keep); }
  [[nodiscard]] std::string tree_path(const std::string& node_id, std::uint64_t generation) const override;

  [[nodiscard]] Status check_directory(const core::Placement& placement) override;
  [[nodiscard]] std::string lock_holder(const core::Placement& placement) override;
  [[nodiscard]] off_t output_size(const std::string& node_id) override;
  [[nodiscard]] std::string last_output(const std::string& node_id, off_t from) override;
  [[nodiscard]] Result<std::vector<core::Taken>> listeners() override;

 private:
  Parts parts_;
  LoopTimers timers_;
};

}  // namespace sutra::supervisor
