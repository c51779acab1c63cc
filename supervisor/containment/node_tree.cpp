#include "supervisor/containment/node_tree.h"

#include <fcntl.h>
#include <unistd.h>

#include "supervisor/containment/cgroup_root.h"
#include "supervisor/containment/cgroup_tree.h"
#include "supervisor/containment/process_tree.h"
#include "supervisor/host/kernel_file.h"

namespace sutra::supervisor {
namespace {

constexpr const char* kCannotProve =
    "; cannot prove that a stopped node has left nothing running, nor limit its memory";

std::string own_cgroup() {
  const std::string mountinfo = read_kernel_file(AT_FDCWD, "/proc/self/mountinfo");
  return own_cgroup_directory(mountinfo, read_kernel_file(AT_FDCWD, "/proc/self/cgroup")).value_or("");
}

}  // namespace

std::unique_ptr<NodeTrees> NodeTrees::open(const std::optional<std::string>& wanted,
                                           const std::string& agent_id) {
  std::string path = wanted.value_or("");
  if (path.empty()) {
    path = own_cgroup();
    if (path.empty()) {
      return std::make_unique<ProcessTrees>(
          std::string("the agent's cgroup is in no mounted cgroup v2 hierarchy") + kCannotProve);
    }
    path += "/sutra-" + file_name_of(agent_id);
  }
  auto root = open_cgroup_root(path);
  if (!root) return std::make_unique<ProcessTrees>(root.error().message() + kCannotProve);
  return std::make_unique<CgroupTrees>(std::move(root).value(), path);
}

}  // namespace sutra::supervisor
