// The clone that starts the launcher: vfork-style, on a stack of its own. Supervisor.
#pragma once
#include <sys/types.h>

#include "common/result.h"
#include "common/unique_fd.h"

namespace sutra::supervisor {

/// Stack of the child until it execs, with a guard page below. One is enough for all: the kernel holds the
/// parent until the child has exec'd.
class ChildStack {
 public:
  [[nodiscard]] static Result<ChildStack> map();
  ChildStack(ChildStack&& other) noexcept;
  ChildStack& operator=(ChildStack&&) = delete;
  ~ChildStack();
  [[nodiscard]] void* bottom() const;
  [[nodiscard]] void* top() const;  ///< 16-aligned
  [[nodiscard]] static std::size_t size();

 private:
  explicit ChildStack(void* mapping) : mapping_(mapping) {}
  void* mapping_;
};

enum class CloneCall { kClone3, kClone };

/// Exactly one of: a pid with its pidfd; clone_error (nothing was started); exec_error (it is dead and
/// reaped).
struct CloneOutcome {
  pid_t pid = -1;
  UniqueFd pidfd;
  int clone_error = 0;
  int exec_error = 0;
};

/// Starts the file in launch::kSlotLauncher with the slots as its only descriptors beyond 0, 1, 2, and every
/// signal blocked; returns when it is exec'd. `cgroup_fd` -1: none; else with kClone3 only.
[[nodiscard]] CloneOutcome clone_launcher(const ChildStack& stack, CloneCall call, int cgroup_fd);

/// False: clone3 is refused here (ENOSYS, EPERM), or there is no code for this architecture.
[[nodiscard]] bool clone3_is_there();

}  // namespace sutra::supervisor
