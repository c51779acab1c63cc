#include "tests/chaos/expectations.h"

#include <algorithm>
#include <utility>

namespace sutra::chaos {
bool ends_by_itself(const std::string& node) {
  return node.starts_with("crash") || node.starts_with("moody");
}

void Expectations::want(const std::string& node, Want want) {
  const std::lock_guard lock(mutex_);
  if (want == Want::kRunning && std::exchange(wants_[node], want) != want)
    running_since_[node] = Clock::now();
  wants_[node] = want;
}

Want Expectations::wanted(const std::string& node) const {
  const std::lock_guard lock(mutex_);
  const auto at = wants_.find(node);
  return at == wants_.end() ? Want::kUnjudged : at->second;
}

std::vector<std::string> Expectations::all(Want want) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> found;
  for (const auto& [node, each] : wants_) {
    if (each == want) found.push_back(node);
  }
  return found;
}

bool Expectations::settled() const { return all(Want::kUnjudged).empty(); }

void Expectations::killed(pid_t pid, std::uint64_t start_ticks) {
  const std::lock_guard lock(mutex_);
  killed_.insert({pid, start_ticks});
}

void Expectations::ask_end(const std::string& node) {
  const std::lock_guard lock(mutex_);
  ++asked_ends_[node];
}

std::uint64_t Expectations::asked_ends(const std::string& node) const {
  const std::lock_guard lock(mutex_);
  const auto at = asked_ends_.find(node);
  return at == asked_ends_.end() ? 0 : at->second;
}

void Expectations::open_window(const std::string& node) {
  const std::lock_guard lock(mutex_);
  windows_[node] = Clock::time_point::max();
}

void Expectations::close_window(const std::string& node, std::chrono::milliseconds later) {
  const std::lock_guard lock(mutex_);
  windows_[node] = Clock::now() + later;
}

bool Expectations::explains(const std::string& node, const ProcessKey& process,
                            Clock::time_point last_seen) const {
  const std::lock_guard lock(mutex_);
  if (open_all_ || ends_by_itself(node) || killed_.contains(process)) return true;
  const auto window = windows_.find(node);
  if (window != windows_.end() && window->second >= last_seen) return true;
  const auto want = wants_.find(node);
  if (want == wants_.end() || want->second != Want::kRunning) return true;
  // A late sampler sees the end of a stopped server only when its successor already runs.
  return running_since_.at(node) > last_seen;
}

}  // namespace sutra::chaos
