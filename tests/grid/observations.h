// What a test can observe and change in a running reference Master: the calls, and the answers to agents. Thread-safe.
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "grid.pb.h"

namespace sutra::grid_testing {

/// How heartbeats are answered. kHonest: as the registry knows the agent.
enum class HeartbeatReply { kHonest, kUnacknowledged, kNotFound };

inline constexpr std::size_t kArrivalsKept = 4096;

/// The calls of one agent, refused ones included, oldest first. Only the last kArrivalsKept arrivals are
/// kept; the counters count all. Arrivals are on the steady clock.
struct AgentTrace {
  struct Beat {
    std::chrono::steady_clock::time_point at;
    std::uint32_t storage_node_count = 0;
    std::uint64_t timestamp = 0;  ///< as sent, Unix seconds
  };
  std::uint64_t registrations = 0;
  std::uint64_t heartbeats = 0;
  std::uint64_t unregistrations = 0;
  std::deque<std::chrono::steady_clock::time_point> registered_at;
  std::deque<Beat> beats;
  ::grid::AgentInfo last_info;  ///< of the last registration
};

class Observations {
 public:
  void set_heartbeat_reply(HeartbeatReply reply);
  /// Registrations are refused with this reason; nullopt: accepted.
  void set_registration_reply(std::optional<std::string> refusal);
  [[nodiscard]] HeartbeatReply heartbeat_reply() const;
  [[nodiscard]] std::optional<std::string> registration_refusal() const;

  void saw_registration(const ::grid::AgentInfo& info);
  void saw_heartbeat(const ::grid::HeartbeatRequest& beat);
  void saw_unregistration(const std::string& agent_id);

  /// Empty for an agent that never called.
  [[nodiscard]] AgentTrace trace(const std::string& agent_id) const;
  /// True as soon as `condition` holds for the agent's trace, false after `timeout`.
  [[nodiscard]] bool wait(const std::string& agent_id,
                          const std::function<bool(const AgentTrace&)>& condition,
                          std::chrono::milliseconds timeout);

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, AgentTrace> traces_;
  HeartbeatReply heartbeat_reply_ = HeartbeatReply::kHonest;
  std::optional<std::string> registration_refusal_;
};

}  // namespace sutra::grid_testing
