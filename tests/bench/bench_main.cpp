// sutra-bench: measures each operation against the minimum that does the same. Compare ratios, not times, because
// machines differ and are shared.
#include <algorithm>
#include <cstdio>
#include <ctime>

#include "tests/bench/bench.h"

namespace sutra::bench {

std::int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

Summary summarize(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  const auto at = [&](double q) {
    return samples[static_cast<std::size_t>(q * static_cast<double>(samples.size() - 1))];
  };
  return {at(0.5), at(0.95), samples.front()};
}

void print_row(const std::string& name, const Summary& s, const std::string& unit) {
  std::printf("  %-34s p50 %9.1f %s   p95 %9.1f %s   least %9.1f %s\n", name.c_str(), s.p50, unit.c_str(),
              s.p95, unit.c_str(), s.least, unit.c_str());
}

void print_ratio(const std::string& what, double ratio) {
  std::printf("  %-34s %.2f\n\n", what.c_str(), ratio);
}

}  // namespace sutra::bench

int main() {
  sutra::bench::bench_restart();
  sutra::bench::bench_spawn();
  sutra::bench::bench_table();
}
