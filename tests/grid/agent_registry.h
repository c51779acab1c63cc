// What the reference Master knows: its agents, their last heartbeats, and their nodes as last reported.
// Pure: no clock, no network, no lock; the caller passes the time and serialises the calls.
//
// The nodes are a cache of the agents' answers. It starts empty at each registration ("stale") and
// is filled again with ListNodes. Every change of an agent's nodes takes a new revision, so that an answer to a
// question that was asked before the change cannot undo it.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "grid.pb.h"

namespace sutra::grid_testing {

/// One moment on both clocks: intervals are measured on the first, the second is shown.
struct Instant {
  std::chrono::steady_clock::time_point steady;
  std::uint64_t unix_secs = 0;
};

enum class Health { kHealthy, kDegraded, kOffline };

/// "healthy", "degraded" or "offline", as on the wire.
[[nodiscard]] const char* health_name(Health health);

inline constexpr std::chrono::seconds kDegradedAfter{15};  ///< without a heartbeat
inline constexpr std::chrono::seconds kOfflineAfter{30};

struct HealthChange {
  std::string agent_id;
  Health from;
  Health to;
};

class AgentRegistry {
 public:
  /// A registration counts as a heartbeat. What was known about the agent and its nodes is forgotten.
  void register_agent(const ::grid::AgentInfo& info, const Instant& now);

  /// False: unknown agent, nothing changed.
  [[nodiscard]] bool heartbeat(const ::grid::HeartbeatRequest& beat, const Instant& now);

  /// False: unknown agent. Its nodes are forgotten too.
  bool unregister_agent(const std::string& agent_id);

  [[nodiscard]] std::optional<::grid::AgentInfo> info(const std::string& agent_id) const;
  [[nodiscard]] std::optional<Health> health(const std::string& agent_id, const Instant& now) const;
  [[nodiscard]] std::size_t size() const { return agents_.size(); }

  /// The agents that can be asked: all but the offline ones.
  [[nodiscard]] std::vector<std::string> reachable(const Instant& now) const;

  /// The agent that is known to have the node.
  [[nodiscard]] std::optional<std::string> agent_of(const std::string& node_id) const;

  /// A node that an agent reported, alone: added or updated. Ignored for an unknown agent.
  void put_node(const std::string& agent_id, const ::grid::NodeStatus& node);

  /// A node that is gone. No effect when it is not known.
  void remove_node(const std::string& agent_id, const std::string& node_id);

  /// Marks the agent's nodes as uncertain: a call to it ended without an answer.
  void mark_stale(const std::string& agent_id);

  /// Whether ListNodes should be called: the nodes were never listed or are uncertain, the heartbeat's count differs
  /// from the number of known live nodes, or the status of one is about to change.
  [[nodiscard]] bool wants_refresh(const std::string& agent_id) const;

  /// Read before ListNodes is called, given back with its answer; 0 for an unknown agent.
  [[nodiscard]] std::uint64_t revision(const std::string& agent_id) const;

  /// All nodes of an agent. Dropped (false) when the agent's nodes changed since `revision` was read.
  bool set_nodes(const std::string& agent_id, std::uint64_t revision,
                 const std::vector<::grid::NodeStatus>& nodes);

  /// Ordered by agent_id, nodes by node_id. Nodes of an offline agent are shown as last known.
  [[nodiscard]] ::grid::AgentList list(const Instant& now) const;

  /// Nodes of offline agents count in the total, never as running. healthy: every agent is healthy and every
  /// node runs; critical: no agent is healthy; degraded: anything between.
  [[nodiscard]] ::grid::ClusterStatus cluster(const Instant& now) const;

  /// What changed since the last call; a new agent starts as healthy.
  [[nodiscard]] std::vector<HealthChange> health_changes(const Instant& now);

 private:
  struct Agent {
    ::grid::AgentInfo info;
    Instant last_beat;
    Health reported = Health::kHealthy;
    std::uint32_t beat_count = 0;
    bool stale = true;
    std::uint64_t revision = 0;
    std::map<std::string, ::grid::NodeStatus> nodes;
  };
  [[nodiscard]] const Agent* find(const std::string& agent_id) const;
  [[nodiscard]] static Health health_of(const Agent& agent, const Instant& now);
  [[nodiscard]] static std::uint32_t live_nodes(const Agent& agent);

  std::map<std::string, Agent> agents_;
  std::uint64_t last_revision_ = 0;  ///< never reused, not even by an agent that registers again
};

}  // namespace sutra::grid_testing
