#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "common/node_id.h"
#include "supervisor/containment/cgroup_directory.h"
#include "supervisor/containment/cgroup_root.h"
#include "supervisor/containment/cgroup_tree.h"
#include "supervisor/host/process.h"

namespace sutra::supervisor {
namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;
constexpr std::uint64_t kMaxLimitMb = std::uint64_t{1} << 40;  // more MiB would overflow 64 bits of bytes
constexpr const char* kMaxTasks = "8192";  // far more threads than a storage server needs; stops a fork bomb

std::string leaf_name(const std::string& node_id, std::uint64_t generation) {
  return node_id + "." + std::to_string(generation);
}

}  // namespace

std::optional<LeafName> parse_leaf_name(const std::string& name) {
  const std::size_t dot = name.rfind('.');  // the last one: a node_id may contain dots, a generation cannot
  if (dot == std::string::npos || dot + 1 == name.size()) return std::nullopt;
  LeafName leaf{name.substr(0, dot), 0};
  const auto [end, error] =
      std::from_chars(name.data() + dot + 1, name.data() + name.size(), leaf.generation);
  if (error != std::errc{} || end != name.data() + name.size() || !NodeId::parse(leaf.node_id))
    return std::nullopt;
  // Refuses other spellings of a number, such as "007": each leaf has exactly one name.
  if (leaf_name(leaf.node_id, leaf.generation) != name) return std::nullopt;
  return leaf;
}

CgroupTrees::CgroupTrees(UniqueFd root, std::string path)
    : root_(std::move(root)), path_(std::move(path)), memory_(has_memory_controller(root_)) {}

std::string CgroupTrees::lost() const {
  if (memory_) return {};
  return "no memory limits: the memory controller is not available in " + path_ +
         "; delegate it (Delegate=memory in a unit, and cgroup v2 for all controllers)";
}

Status CgroupTrees::set_up(const CgroupTree& leaf, const std::string& name,
                           std::uint64_t memory_limit_mb) const {
  if (leaf.cgroup_fd() < 0 || leaf.events_fd() < 0) return errno_error("open", path_ + "/" + name);
  (void)write_cgroup_file(leaf.cgroup_fd(), "pids.max", kMaxTasks);  // fails without the pids controller
  if (!memory_) return {};
  if (memory_limit_mb > 0 && memory_limit_mb < kMaxLimitMb &&
      !write_cgroup_file(leaf.cgroup_fd(), "memory.max", std::to_string(memory_limit_mb * kMiB))) {
    return errno_error("write", path_ + "/" + name + "/memory.max");
  }
  if (!write_cgroup_file(leaf.cgroup_fd(), "memory.oom.group", "1")) {
    return errno_error("write", path_ + "/" + name + "/memory.oom.group");
  }
  return {};
}

Result<std::unique_ptr<NodeTree>> CgroupTrees::create(const std::string& node_id, std::uint64_t generation,
                                                      std::uint64_t memory_limit_mb) {
  const std::string name = leaf_name(node_id, generation);
  // An empty leaf of an earlier supervisor is removed and created again, because its counters (OOM kills)
  // belong to an earlier process.
  if (::mkdirat(root_.get(), name.c_str(), 0755) != 0) {
    if (errno != EEXIST) return errno_error("make cgroup", path_ + "/" + name);
    if (!remove_cgroup(root_.get(), name)) {
      return make_error("make cgroup", path_ + "/" + name, "processes of an earlier run still live in it",
                        "stop them: write 1 to cgroup.kill there");
    }
    if (::mkdirat(root_.get(), name.c_str(), 0755) != 0)
      return errno_error("make cgroup", path_ + "/" + name);
  }
  auto leaf = std::make_unique<CgroupTree>(root_.get(), name);
  if (Status ready = set_up(*leaf, name, memory_limit_mb); !ready) {
    (void)remove_cgroup(root_.get(), name);
    return ready.error();
  }
  return std::unique_ptr<NodeTree>(std::move(leaf));
}

std::unique_ptr<NodeTree> CgroupTrees::adopt(const std::string& node_id, std::uint64_t generation,
                                             const UniqueFd* leader_pidfd, int leader_pid) {
  auto leaf = std::make_unique<CgroupTree>(root_.get(), leaf_name(node_id, generation));
  const bool leader_lives = leader_pidfd != nullptr && leader_pidfd->valid() && !peek_exit(*leader_pidfd);
  if (leaf->populated() || !leader_lives) return leaf;
  // The leader lives, but not in this cgroup: the supervisor that started it had no cgroups, or had them in
  // another directory. Follow it by its process tree.
  if (!strays_) strays_ = std::make_unique<ProcessTrees>("");
  return strays_->adopt(node_id, generation, leader_pidfd, leader_pid);
}

std::vector<NodeTrees::Leaf> CgroupTrees::leaves() const {
  std::vector<Leaf> found;
  for (const std::string& name : subdirectories(root_.get())) {
    const auto leaf = parse_leaf_name(name);
    if (!leaf) continue;
    found.push_back({leaf->node_id, leaf->generation, CgroupTree(root_.get(), name).populated()});
  }
  return found;
}

void CgroupTrees::sweep(const std::vector<Leaf>& keep) {
  for (const Leaf& leaf : leaves()) {
    const bool kept = std::any_of(keep.begin(), keep.end(), [&leaf](const Leaf& other) {
      return other.node_id == leaf.node_id && other.generation == leaf.generation;
    });
    if (!kept && !leaf.populated) (void)remove_cgroup(root_.get(), leaf_name(leaf.node_id, leaf.generation));
  }
}

}  // namespace sutra::supervisor
