// What was done and what went wrong, with times, from every thread of a chaos run. Chaos tests only.
#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>

namespace sutra::chaos {

class Journal {
 public:
  explicit Journal(bool verbose) : verbose_(verbose) {}

  [[nodiscard]] double seconds() const;  ///< since the run began

  /// Remembered for the report of a violation; the last 400 are kept.
  void act(const std::string& what);
  /// Printed at once, with the actions before it. `kind` is what it is counted under.
  void violation(const std::string& kind, const std::string& what);
  /// A figure of the run that is no violation.
  void count(const std::string& figure, std::uint64_t by = 1);
  void at_least(const std::string& figure, std::uint64_t value);  ///< keeps the maximum

  [[nodiscard]] std::uint64_t violations() const;
  [[nodiscard]] std::map<std::string, std::uint64_t> violations_by_kind() const;
  [[nodiscard]] std::map<std::string, std::uint64_t> figures() const;

 private:
  const bool verbose_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  mutable std::mutex mutex_;
  std::deque<std::string> actions_;
  std::map<std::string, std::uint64_t> violations_, figures_;
};

}  // namespace sutra::chaos
