// Where node cgroups can lie: reads the mount table and proves a directory by using it. Supervisor.
#pragma once
#include <optional>
#include <string>

#include "common/result.h"
#include "common/unique_fd.h"

namespace sutra::supervisor {

/// The directory of our own cgroup in a mounted cgroup v2 hierarchy, from the texts of /proc/self/mountinfo
/// and /proc/self/cgroup. Nothing when there is none, or it lies outside what is mounted. Pure.
[[nodiscard]] std::optional<std::string> own_cgroup_directory(const std::string& mountinfo,
                                                              const std::string& cgroup);

/// An agent_id as a file name: bytes outside of A-Z a-z 0-9 _ - . (a leading dot too) become %NN.
[[nodiscard]] std::string file_name_of(const std::string& agent_id);

/// Makes the directory if it is missing, then a probe cgroup in it, moves a short-lived child into that, and
/// removes it again. On success: the open directory. Asks for the memory and pids controllers; not having
/// them is no error.
[[nodiscard]] Result<UniqueFd> open_cgroup_root(const std::string& directory);

/// A new leaf beneath `root` would have memory.max.
[[nodiscard]] bool has_memory_controller(const UniqueFd& root);

[[nodiscard]] bool write_cgroup_file(int directory_fd, const char* name, const std::string& text);

/// The number after `key` at the start of a line, as in cgroup.events: "populated 1". Nothing when it is not
/// there.
[[nodiscard]] std::optional<unsigned long> value_of(const std::string& text, const std::string& key);

}  // namespace sutra::supervisor
