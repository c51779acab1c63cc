// Simulates a host on which the agent may not use cgroups. Tests only.
#pragma once
#include <string>
#include <vector>

namespace sutra::e2e {

class HiddenCgroups {
 public:
  HiddenCgroups();  ///< finds the cgroup2 mounts
  /// Makes each of them read-only for this process and its children, in a mount namespace of their own.
  /// Between fork and exec: ends the process with status 122 to 124 when that fails. Needs CAP_SYS_ADMIN.
  void hide() const;

 private:
  std::vector<std::string> mounts_;
};

}  // namespace sutra::e2e
