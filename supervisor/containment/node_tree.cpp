#include "supervisor/containment/node_tree.h"

#include <fcntl.h>
#include <unistd.h>

#include "supervisor/containment/cgroup_place.h"
#include "supervisor/containment/cgroup_tree.h"
#include "supervisor/host/kernel_file.h"
#include "supervisor/containment/process_tree.h"

namespace sutra::supervisor {
namespace {

constexpr const char* kCannotProve =
    "; cannot prove that a stopped node has left nothing running, nor limit its memory";

std::string own_cgroup() {
  const std::string mountinfo = read_kernel_file(AT_FDCWD, "/proc/self/mountinfo");
  return own_cgroup_directory(mountinfo, read_kernel_file(AT_FDCWD, "/proc/self/cgroup")).value_or("");
}

}  // namespace

std::unique_ptr<NodeForest> NodeForest::open(const std::optional<std::string>& wanted,
                                             const std::string& agent_id) {
  std::string path = wanted.value_or("");
  if (path.empty()) {
    path = own_cgroup();
    if (path.empty()) {
      return std::make_unique<ProcessForest>(std::string("no cgroup v2 hierarchy is mounted that we are in") +
                                             kCannotProve);
    }
    path += "/sutra-" + file_name_of(agent_id);
  }
  auto place = open_cgroup_place(path);
  if (!place) return std::make_unique<ProcessForest>(place.error().message() + kCannotProve);
  return std::make_unique<CgroupForest>(std::move(place).value(), path);
}

}  // namespace sutra::supervisor
