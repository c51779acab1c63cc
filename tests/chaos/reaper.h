// Reaps orphans at once, as init does on a host. Only after that does the kernel give a dead server's pid to another
// process, and tell an agent that is not the parent how the server ended. Tests only.
#pragma once
#include <functional>

namespace sutra::chaos {

/// Runs `program` in a child and is the subreaper of all its descendants. Returns the child's exit status, or 128 +
/// the signal that ended it. Call it before there are threads.
[[nodiscard]] int run_beneath_a_reaper(const std::function<int()>& program);

}  // namespace sutra::chaos
