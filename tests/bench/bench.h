// What the benchmarks share. Each prints its own lines.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace sutra::bench {

[[nodiscard]] std::int64_t now_ns();  ///< CLOCK_MONOTONIC

struct Summary {
  double p50 = 0, p95 = 0, least = 0;
};
[[nodiscard]] Summary summarize(std::vector<double> samples);

/// "NAME  p50 X us  p95 Y us  least Z us"
void print_row(const std::string& name, const Summary& summary, const std::string& unit);
/// "  ratio of medians  1.7"
void print_ratio(const std::string& what, double ratio);

/// A supervisor of the fewest system calls: epoll on a pidfd, waitid, vfork, execve. Runs until it is killed.
[[noreturn]] void bare_loop(const std::string& server, const std::string& fifo);

void bench_restart();  ///< crash → replacement exec'd, ours against bare_loop
void bench_spawn();    ///< SpawnNode against an rpc that does nothing
void bench_table();    ///< a table row read against a copy of its bytes

}  // namespace sutra::bench
