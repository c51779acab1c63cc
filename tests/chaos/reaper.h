// What init does on a host: orphans are reaped at once. Only then does the kernel give a dead server's pid to
// another process, and only then does it tell an agent that is not the parent how the server ended. Tests
// only.
#pragma once
#include <functional>

namespace sutra::chaos {

/// Runs `program` in a child and is the subreaper of all that it leaves behind. The status that it returns;
/// 128 + the signal that ended it. Call it before there are threads.
[[nodiscard]] int run_beneath_a_reaper(const std::function<int()>& program);

}  // namespace sutra::chaos
