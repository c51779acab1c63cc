// What the benchmark's server reports when it runs. Smaller than PIPE_BUF, so a write is whole.
#pragma once
#include <cstdint>

namespace sutra::bench {
struct Started {
  std::int64_t at_ns;  // CLOCK_MONOTONIC
  std::int64_t pid;
};
}  // namespace sutra::bench
