// How many repetitions: all with `make endurance`, fewer in `make test`. Tests only.
#pragma once
#include <chrono>
#include <cstdint>
#include <cstdlib>

namespace sutra::endurance {

/// `usual`, or $SUTRA_ENDURANCE_PERCENT of `full`.
[[nodiscard]] inline std::uint64_t how_many(std::uint64_t full, std::uint64_t usual) {
  const char* wanted = std::getenv("SUTRA_ENDURANCE_PERCENT");
  return wanted == nullptr ? usual : full * static_cast<std::uint64_t>(std::atoi(wanted)) / 100;
}

/// Seconds since it was made.
class Stopwatch {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace sutra::endurance
