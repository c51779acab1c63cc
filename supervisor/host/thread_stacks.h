// Describes where the threads of a hung process wait, for the log, before the process is killed. Supervisor.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

namespace sutra::supervisor {

/// One sentence for each thread, at most 64: its name, its state, what it waits for in the kernel, and its
/// kernel stack where we may read that (root, CONFIG_STACKTRACE; proc(5)). Not its user-space stack, which
/// needs ptrace. Empty when the process has ended.
[[nodiscard]] std::vector<std::string> thread_stacks(pid_t pid);

}  // namespace sutra::supervisor
