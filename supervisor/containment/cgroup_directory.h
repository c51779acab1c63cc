// Lists and removes cgroup directories. Supervisor.
#pragma once
#include <string>
#include <vector>

namespace sutra::supervisor {

/// Levels of child cgroups that remove_cgroup() descends; a node that nests deeper cannot make us recurse on.
inline constexpr int kMaxCgroupDepth = 8;

/// Names of the child cgroups of an open cgroup directory; empty when it cannot be read.
[[nodiscard]] std::vector<std::string> subdirectories(int directory_fd);

/// Removes cgroup `name` below `parent_fd`, and its child cgroups; all must be without processes. True when
/// it does not exist afterwards; false, with errno, when a process is left or `depth` is used up.
bool remove_cgroup(int parent_fd, const std::string& name, int depth = kMaxCgroupDepth);

}  // namespace sutra::supervisor
