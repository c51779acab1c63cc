// What the launcher does to its own process before it executes the program: one function for each step.
// sutra-node-launch.
#pragma once
#include "supervisor/launch/spec.h"

namespace sutra::launch {

/// Each returns 0, or the errno of what failed. Steps that a flag asks for do nothing without it.
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
int lock_directory(const Spec& spec);  ///< EWOULDBLOCK when somebody else holds it

/// Appends the byte to the exec mark (see exec_mark.h), which outlives the supervisor; unmark_exec() empties
/// the file when execve has failed.
void mark_exec(const Spec& spec);
void unmark_exec(const Spec& spec);

/// Puts the extra descriptors where the program expects them. `report_fd` is moved out of their way.
int pass_extras(const Spec& spec, int& report_fd);

}  // namespace sutra::launch
