// Finds the directory for the nodes' cgroups and proves that we can use it. Supervisor.
#pragma once
#include <optional>
#include <string>

#include "common/result.h"
#include "common/unique_fd.h"

namespace sutra::supervisor {

/// The directory of our own cgroup in the mounted cgroup v2 hierarchy, from the texts of /proc/self/mountinfo
/// (proc(5)) and /proc/self/cgroup (cgroups(7)). Nullopt when no cgroup v2 is mounted, or when the mount does
/// not show our cgroup (a container). Pure.
[[nodiscard]] std::optional<std::string> own_cgroup_directory(const std::string& mountinfo,
                                                              const std::string& cgroup);

/// `agent_id` as a file name: bytes other than A-Z a-z 0-9 _ - . (and a leading dot) become %NN. Pure.
[[nodiscard]] std::string file_name_of(const std::string& agent_id);

/// Creates the directory if it is missing and checks that it works: creates a probe cgroup in it, moves a
/// short-lived child process there, and removes the probe cgroup. Needs Linux 5.14 (cgroup.kill). Returns the
/// open directory. Enables the memory and pids controllers where they are available; without them it succeeds
/// too. Forks and blocks up to about 0.2 s: call it at the start, while the process has one thread.
[[nodiscard]] Result<UniqueFd> open_cgroup_root(const std::string& directory);

/// True when a new cgroup below `root` has the file memory.max.
[[nodiscard]] bool has_memory_controller(const UniqueFd& root);

/// Writes a control file with one write(2), as the kernel requires. False, with errno, on failure.
[[nodiscard]] bool write_cgroup_file(int directory_fd, const char* name, const std::string& text);

/// The number after `key` in a flat keyed file such as cgroup.events ("populated 1"). Nullopt when there is
/// no line with `key`. Pure.
[[nodiscard]] std::optional<unsigned long> value_of(const std::string& text, const std::string& key);

}  // namespace sutra::supervisor
