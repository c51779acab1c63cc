// supervisor/nodes/platform.h over the simulated kernel: with it the simulation drives the real Nodes. Events that the
// event loop would deliver wait here until the history delivers them, in any order. Simulation only.
#pragma once
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/session.h"

namespace sutra::simulation {

class SimulatedPlatform final : public supervisor::Platform, public supervisor::Timers {
 public:
  explicit SimulatedPlatform(Session& session) : session_(session) {}

  // ---- what the loop sees

  /// Delivers one event that a watch is ready for. False: there is none.
  bool see_one();
  /// Fires one timer that is due. False: there is none.
  bool fire_one_timer();
  /// When the next timer is due; a launch's deadline is left out, because a launch takes no time.
  [[nodiscard]] std::optional<Nanoseconds> next_due() const;
  /// The timers that are armed for the nodes' states, by node_id; two for one node are a violation.
  [[nodiscard]] std::map<std::string, core::Timer> node_timers() const;

  // ---- supervisor::Timers
  [[nodiscard]] core::Moment now() const override;
  [[nodiscard]] supervisor::WatchHandle after(Nanoseconds delay, std::function<void()> due) override;
  [[nodiscard]] supervisor::WatchHandle every(Nanoseconds interval, std::function<void()> due) override;

  // ---- supervisor::Platform
  [[nodiscard]] supervisor::Timers& timers() override { return *this; }
  [[nodiscard]] std::uint32_t entropy() override;
  [[nodiscard]] Result<supervisor::StartedProcess> start(const core::Node& node) override;
  [[nodiscard]] Result<std::unique_ptr<supervisor::ServerProcess>> find(
      const ProcessIdentity& identity) override;
  [[nodiscard]] std::optional<bool> executed(const std::string& node_id, std::uint64_t generation) override;
  void forget_execution(const std::string& node_id) override;
  [[nodiscard]] std::unique_ptr<supervisor::NodeTree> adopt_tree(
      const std::string& node_id, std::uint64_t generation, const supervisor::ServerProcess* leader) override;
  [[nodiscard]] supervisor::WatchHandle watch_tree(supervisor::NodeTree& tree,
                                                   std::function<void()> seen) override;
  [[nodiscard]] std::vector<supervisor::NodeTrees::Leaf> leaves() const override;
  void remove_empty_leaves(const std::vector<supervisor::NodeTrees::Leaf>& keep) override;
  [[nodiscard]] std::string tree_path(const std::string& node_id, std::uint64_t generation) const override;
  [[nodiscard]] Status check_directory(const core::Placement&) override { return {}; }
  [[nodiscard]] std::string lock_holder(const core::Placement&) override { return {}; }
  [[nodiscard]] off_t output_size(const std::string&) override { return 0; }
  [[nodiscard]] std::string last_output(const std::string&, off_t) override { return {}; }
  [[nodiscard]] Result<std::vector<core::Taken>> listeners() override { return std::vector<core::Taken>(); }

  /// A watch on a process or tree of this platform.
  [[nodiscard]] supervisor::WatchHandle watch(std::function<bool()> ready, std::function<void()> seen);

 private:
  struct Watching {
    std::function<bool()> ready;
    std::function<void()> seen;
  };
  struct Armed {
    Nanoseconds due{0};
    std::function<void()> fire;
    std::optional<std::pair<std::string, core::Timer>> of_node;
  };
  template <typename Entry>
  class Handle;
  /// Watches and timers are shared with their handles: one that fires may destroy its handle, and with it the
  /// owner.
  template <typename Entry>
  using List = std::list<std::shared_ptr<Entry>>;

  [[nodiscard]] Process& spawn_launcher(const core::Node& node);

  Session& session_;
  List<Watching> watching_;
  List<Armed> armed_;
};

}  // namespace sutra::simulation
