// Seeded choices. Its own arithmetic, since those of <random> differ between libraries. Chaos tests only.
#pragma once
#include <cstdint>
#include <random>
#include <vector>

namespace sutra::chaos {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  /// 0 to n - 1; n is at least 1.
  std::uint64_t below(std::uint64_t n) { return engine_() % n; }
  bool percent(std::uint64_t chance) { return below(100) < chance; }
  template <typename T>
  const T& pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace sutra::chaos
