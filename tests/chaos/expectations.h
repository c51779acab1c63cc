// Which nodes should run, derived from the driver's requests and their answers, never from the agent's own state.
// Thread-safe. Chaos tests only.
#pragma once
#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sutra::chaos {

enum class Want {
  kUnjudged,  ///< a request is under way, or its answer was lost
  kRunning,   ///< a spawn was answered with success
  kStopped,   ///< a stop was answered with success
};

/// A process; unique even when its pid is used again.
using ProcessKey = std::pair<pid_t, std::uint64_t>;  // pid, start ticks

class Expectations {
 public:
  using Clock = std::chrono::steady_clock;

  void want(const std::string& node, Want want);
  [[nodiscard]] Want wanted(const std::string& node) const;
  [[nodiscard]] std::vector<std::string> all(Want want) const;
  [[nodiscard]] bool settled() const;  ///< no node is unjudged

  /// The driver is about to end this process.
  void killed(pid_t pid, std::uint64_t start_ticks);
  /// From now on the agent may replace the node's server (a restart was asked for), until this is closed plus `later`,
  /// because the sampler sees an end only after it happened.
  void open_window(const std::string& node);
  void close_window(const std::string& node, std::chrono::milliseconds later);
  /// The agent was asked to end the node's server once more: it may do so before the server's first line.
  void ask_end(const std::string& node);
  [[nodiscard]] std::uint64_t asked_ends(const std::string& node) const;
  /// Everything may end: the agent was told to stop.
  void open_all() { open_all_ = true; }

  /// Whether an action of the driver, or the node's own behaviour, explains that this server, alive at `last_seen`, has
  /// ended since.
  [[nodiscard]] bool explains(const std::string& node, const ProcessKey& process,
                              Clock::time_point last_seen) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Want> wants_;
  std::set<ProcessKey> killed_;
  std::map<std::string, Clock::time_point> windows_;
  std::map<std::string, Clock::time_point> running_since_;  ///< since a spawn was answered
  std::map<std::string, std::uint64_t> asked_ends_;
  std::atomic<bool> open_all_{false};
};

/// Whether the node crashes by itself; the first word of its node_id tells.
[[nodiscard]] bool ends_by_itself(const std::string& node);

}  // namespace sutra::chaos
