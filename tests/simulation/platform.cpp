#include "tests/simulation/platform.h"

#include <algorithm>

#include "tests/simulation/process.h"

namespace sutra::simulation {

using supervisor::NodeTree;
using supervisor::NodeTrees;
using supervisor::ServerProcess;
using supervisor::WatchHandle;

template <typename Entry>
class SimulatedPlatform::Handle final : public supervisor::Watch {
 public:
  Handle(List<Entry>& list, std::shared_ptr<Entry> entry) : list_(list), entry_(std::move(entry)) {
    list_.push_back(entry_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() override { list_.remove(entry_); }

 private:
  List<Entry>& list_;
  std::shared_ptr<Entry> entry_;
};

// ---- what the loop sees

WatchHandle SimulatedPlatform::watch(std::function<bool()> ready, std::function<void()> seen) {
  return std::make_unique<Handle<Watching>>(
      watching_, std::make_shared<Watching>(Watching{std::move(ready), std::move(seen)}));
}

bool SimulatedPlatform::see_one() {
  std::vector<std::shared_ptr<Watching>> ready;
  for (const auto& each : watching_) {
    if (each->ready()) ready.push_back(each);
  }
  if (ready.empty()) return false;
  ready[session_.world.random.below(ready.size())]->seen();
  return true;
}

core::Moment SimulatedPlatform::now() const {
  return {session_.world.kernel.now, session_.world.kernel.wall_secs};
}

WatchHandle SimulatedPlatform::after(Nanoseconds delay, std::function<void()> due) {
  const auto whole = std::chrono::ceil<std::chrono::milliseconds>(delay);
  auto armed = std::make_shared<Armed>(
      Armed{session_.world.kernel.now + whole, std::move(due), session_.next_armed(delay)});
  return std::make_unique<Handle<Armed>>(armed_, std::move(armed));
}

WatchHandle SimulatedPlatform::every(Nanoseconds, std::function<void()>) {
  return nullptr;
}  // Nodes uses no repeating timer

bool SimulatedPlatform::fire_one_timer() {
  std::vector<std::shared_ptr<Armed>> due;
  for (const auto& each : armed_) {
    if (each->due <= session_.world.kernel.now) due.push_back(each);
  }
  if (due.empty()) return false;
  const auto fired = due[session_.world.random.below(due.size())];
  armed_.remove(fired);  // once
  session_.firing_timer = fired->of_node.has_value();
  fired->fire();
  session_.firing_timer = false;
  return true;
}

std::optional<Nanoseconds> SimulatedPlatform::next_due() const {
  std::optional<Nanoseconds> next;
  for (const auto& each : armed_) {
    if (each->of_node && each->of_node->second.kind == core::TimerKind::kLaunch) continue;
    if (!next || each->due < *next) next = each->due;
  }
  return next;
}

std::map<std::string, core::Timer> SimulatedPlatform::node_timers() const {
  std::map<std::string, core::Timer> timers;
  for (const auto& each : armed_) {
    if (!each->of_node) continue;
    if (!timers.insert(*each->of_node).second)
      session_.world.checks.violation("I6", "node " + each->of_node->first + " has two timers");
  }
  return timers;
}

// ---- processes

std::uint32_t SimulatedPlatform::entropy() {
  return static_cast<std::uint32_t>(session_.world.random.next());
}

Process& SimulatedPlatform::spawn_launcher(const core::Node& node) {
  const Leaf leaf{node.intent.node_id, node.generation};
  Process& process = session_.world.kernel.spawn(Role::kLauncher, Parent::kSupervisor, leaf);
  process.directory = node.intent.placement.storage_path;
  session_.started(leaf, process.serial);
  process.gate_open = session_.planted.opens_gate_first;
  return process;
}

Result<supervisor::StartedProcess> SimulatedPlatform::start(const core::Node& node) {
  World& world = session_.world;
  const Leaf leaf{node.intent.node_id, node.generation};
  world.checks.launched(leaf.node_id, session_.recovering);
  session_.started(leaf, 0);
  const auto fails = [&](unsigned per_mille, Mark mark) {
    if (world.kernel.calm || !world.random.chance(per_mille)) return false;
    world.coverage.see(mark);
    return true;
  };
  if (fails(10, Mark::kDirectoryFails))
    return make_error("open", node.intent.placement.storage_path, "it fails");
  world.disk.begin_mark(leaf);
  if (world.kernel.leaves.contains(leaf) && world.kernel.populated(leaf))
    return make_error("make cgroup", leaf.node_id, "processes of an earlier run still live in it");
  world.kernel.leaves[leaf] = false;
  if (fails(15, Mark::kLaunchFails)) {
    world.kernel.leaves.erase(leaf);
    return make_error("launch", leaf.node_id, "it fails");
  }
  const Process& process = spawn_launcher(node);
  supervisor::StartedProcess started;
  started.process =
      std::make_unique<SimulatedProcess>(session_, *this, world.kernel.identify(process), process.serial);
  started.launch = std::make_unique<SimulatedLaunch>(session_, *this, process.serial);
  started.tree = std::make_unique<SimulatedTree>(session_, leaf, 0);
  return started;
}

Result<std::unique_ptr<ServerProcess>> SimulatedPlatform::find(const ProcessIdentity& identity) {
  World& world = session_.world;
  if (!world.kernel.calm && world.random.chance(5)) {
    world.coverage.see(Mark::kProcessCannotBeLookedAt);
    return make_error("open", "process " + std::to_string(identity.pid), "no descriptors");
  }
  std::unique_ptr<ServerProcess> process;
  const Serial serial = world.kernel.reopen(identity, session_.planted.adopts_by_pid_alone);
  if (serial == 0) return process;
  session_.found(serial);
  Process& found = world.kernel.at(serial);
  if (found.alive) {
    const bool launcher = found.role == Role::kLauncher;
    world.coverage.see(launcher ? Mark::kAdoptedLauncher : Mark::kAdopted);
    found.adopted_at_gate |= launcher;
  }
  process = std::make_unique<SimulatedProcess>(session_, *this, identity, serial);
  return process;
}

std::optional<bool> SimulatedPlatform::executed(const std::string& node_id, std::uint64_t generation) {
  return session_.world.disk.mark({node_id, generation});
}

void SimulatedPlatform::forget_execution(const std::string& node_id) {
  session_.may_be_killed(Mark::kSupervisorKilledInStep);
  session_.world.disk.forget_marks(node_id);
}

// ---- trees

std::unique_ptr<NodeTree> SimulatedPlatform::adopt_tree(const std::string& node_id, std::uint64_t generation,
                                                        const ServerProcess* leader) {
  const Kernel& kernel = session_.world.kernel;
  const Leaf leaf{node_id, generation};
  const Serial serial = leader == nullptr ? 0 : static_cast<const SimulatedProcess*>(leader)->serial();
  const bool elsewhere = serial != 0 && kernel.at(serial).alive && !kernel.populated(leaf);
  return std::make_unique<SimulatedTree>(session_, leaf, elsewhere ? serial : 0);
}

WatchHandle SimulatedPlatform::watch_tree(NodeTree& tree, std::function<void()> seen) {
  return watch([&tree] { return !tree.populated(); }, std::move(seen));
}

std::vector<NodeTrees::Leaf> SimulatedPlatform::leaves() const {
  std::vector<NodeTrees::Leaf> all;
  for (const auto& [leaf, oom] : session_.world.kernel.leaves)
    all.push_back({leaf.node_id, leaf.generation, session_.world.kernel.populated(leaf)});
  return all;
}

void SimulatedPlatform::remove_empty_leaves(const std::vector<NodeTrees::Leaf>& keep) {
  for (const NodeTrees::Leaf& leaf : leaves()) {
    const bool kept = std::any_of(keep.begin(), keep.end(), [&](const NodeTrees::Leaf& other) {
      return other.node_id == leaf.node_id && other.generation == leaf.generation;
    });
    if (!kept && !leaf.populated) session_.world.kernel.leaves.erase({leaf.node_id, leaf.generation});
  }
}

std::string SimulatedPlatform::tree_path(const std::string& node_id, std::uint64_t generation) const {
  return node_id + "." + std::to_string(generation);
}

}  // namespace sutra::simulation
