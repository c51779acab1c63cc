// Listing and removing cgroup directories. Supervisor.
#pragma once
#include <string>
#include <vector>

namespace sutra::supervisor {

inline constexpr int kMaxCgroupDepth = 8;

/// Names of the child cgroups; empty when the directory cannot be read.
[[nodiscard]] std::vector<std::string> subdirectories(int directory_fd);

/// Removes an empty cgroup with its empty children. True too when it is gone already.
bool remove_cgroup(int parent_fd, const std::string& name, int depth = kMaxCgroupDepth);

}  // namespace sutra::supervisor
