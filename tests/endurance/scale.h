// How much of it: the full counts with $SUTRA_ENDURANCE=full (make endurance), else what `make test` has time for.
// Tests only.
#pragma once
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace sutra::endurance {

[[nodiscard]] inline std::uint64_t how_many(std::uint64_t full, std::uint64_t usual) {
  const char* wanted = std::getenv("SUTRA_ENDURANCE");
  return wanted != nullptr && std::string_view(wanted) == "full" ? full : usual;
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
