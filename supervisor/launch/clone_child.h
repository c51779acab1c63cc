// Creates the launcher's process with clone3(2) or clone(2), with CLONE_VM|CLONE_VFORK as vfork does: no page
// tables are copied, and the call returns when the child has exec'd. Supervisor, one thread.
#pragma once
#include <sys/types.h>

#include "common/result.h"
#include "common/unique_fd.h"

namespace sutra::supervisor {

/// Stack of the child until it execs, with a guard page below. One stack serves all launches: the kernel
/// suspends this process until the child has exec'd, so there is never more than one such child. Unmapped
/// when destroyed.
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

/// Exactly one of these is set: pid and pidfd (success); clone_error (errno; no process was created);
/// exec_error (errno; the child is dead and reaped).
struct CloneOutcome {
  pid_t pid = -1;
  UniqueFd pidfd;
  int clone_error = 0;
  int exec_error = 0;
};

/// Executes the file in launch::kSlotLauncher in a new process. The process inherits descriptors 0 to 2 and
/// the slots, no others, and has every signal blocked (the launcher unblocks them). Returns when the file is
/// executed. `cgroup_fd`: the cgroup to create the process in (CLONE_INTO_CGROUP, Linux 5.7; needs kClone3);
/// -1: ours.
[[nodiscard]] CloneOutcome clone_launcher(const ChildStack& stack, CloneCall call, int cgroup_fd);

/// True when clone3 can be used. False: the kernel or a seccomp filter refuses it (ENOSYS, EPERM), or this
/// file has no code for the architecture.
[[nodiscard]] bool clone3_is_there();

}  // namespace sutra::supervisor
