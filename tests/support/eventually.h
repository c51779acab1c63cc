// Waits for a condition, never for a time. Tests only.
#pragma once
#include <chrono>
#include <functional>
#include <thread>

namespace sutra::test {

/// Factor for all deadlines: sanitizers make programs slower.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr int kPatience = 3;
#else
inline constexpr int kPatience = 1;
#endif
inline constexpr std::chrono::seconds kDeadline{20};

/// Returns true as soon as `condition` is true; false if it is not within `deadline` times kPatience.
[[nodiscard]] inline bool eventually(const std::function<bool()>& condition,
                                     std::chrono::milliseconds deadline = kDeadline) {
  const auto end = std::chrono::steady_clock::now() + deadline * kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return condition();
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace sutra::test
