// Where a process's threads are, for the log, before a hung process is ended. Supervisor.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

namespace sutra::supervisor {

/// A sentence a thread, at most 64 threads: its name and state, what it waits for in the kernel, and its
/// kernel stack where we may read it (root, CONFIG_STACKTRACE; proc(5)). A thread's own user-space stack
/// cannot be had without ptrace, which we do not use. Empty when the process is gone.
[[nodiscard]] std::vector<std::string> thread_stacks(pid_t pid);

}  // namespace sutra::supervisor
