#include "tests/chaos/journal.h"

#include <algorithm>
#include <cstdio>

namespace sutra::chaos {
namespace {

constexpr std::size_t kRemembered = 400;
constexpr std::size_t kShown = 25;
constexpr std::uint64_t kPrintedViolations = 20;

}  // namespace

double Journal::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
}

void Journal::act(const std::string& what) {
  char stamp[32];
  std::snprintf(stamp, sizeof stamp, "%9.3f ", seconds());
  const std::lock_guard lock(mutex_);
  actions_.push_back(stamp + what);
  if (actions_.size() > kRemembered) actions_.pop_front();
  if (verbose_) std::fprintf(stderr, "%s%s\n", stamp, what.c_str());
}

void Journal::violation(const std::string& kind, const std::string& what) {
  const double at = seconds();
  const std::lock_guard lock(mutex_);
  std::uint64_t total = 0;
  for (const auto& [name, n] : violations_) total += n;
  ++violations_[kind];
  if (total >= kPrintedViolations) return;
  std::fprintf(stderr, "VIOLATION at %.3f s: %s: %s\n", at, kind.c_str(), what.c_str());
  const std::size_t from = actions_.size() - std::min(actions_.size(), kShown);
  for (std::size_t i = from; i < actions_.size(); ++i) std::fprintf(stderr, "    %s\n", actions_[i].c_str());
}

void Journal::count(const std::string& figure, std::uint64_t by) {
  const std::lock_guard lock(mutex_);
  figures_[figure] += by;
}

void Journal::at_least(const std::string& figure, std::uint64_t value) {
  const std::lock_guard lock(mutex_);
  figures_[figure] = std::max(figures_[figure], value);
}

std::uint64_t Journal::violations() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t total = 0;
  for (const auto& [name, n] : violations_) total += n;
  return total;
}

std::map<std::string, std::uint64_t> Journal::violations_by_kind() const {
  const std::lock_guard lock(mutex_);
  return violations_;
}

std::map<std::string, std::uint64_t> Journal::figures() const {
  const std::lock_guard lock(mutex_);
  return figures_;
}

}  // namespace sutra::chaos
