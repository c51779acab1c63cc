// The steps by which the launcher sets up its own process before it executes the program, one function each.
// main.cpp has their order and the reasons for it. sutra-node-launch.
#pragma once
#include "supervisor/launch/spec.h"

namespace sutra::launch {

/// Each returns 0, or the errno of the call that failed. A step that belongs to a flag does nothing without
/// it.
int keep_own_descriptors(const Spec& spec);  ///< CLOEXEC on all slots: none reaches the program by accident
int new_session(const Spec& spec);
int die_with_parent(const Spec& spec);  ///< ESRCH when the parent is gone already
int set_limits(const Spec& spec);
int set_oom_score(const Spec& spec);
int reset_signals(const Spec& spec);
int redirect_stdio(const Spec& spec);
int drop_bounding_set(const Spec& spec);
int set_ids(const Spec& spec);
int clear_capabilities(const Spec& spec);
int no_new_privileges(const Spec& spec);
int enter_directory(const Spec& spec);
int lock_directory(const Spec& spec);  ///< EWOULDBLOCK when another process holds the lock

/// Appends the byte to the exec mark (see exec_mark.h), which outlives the supervisor; unmark_exec() empties
/// the file when execve has failed.
void mark_exec(const Spec& spec);
void unmark_exec(const Spec& spec);

/// Moves the extra descriptors to 3, 4, 5, where the program expects them. Moves `report_fd` away from there
/// first.
int pass_extras(const Spec& spec, int& report_fd);

}  // namespace sutra::launch
