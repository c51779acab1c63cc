#include "tests/grid/agent_registry.h"

#include <algorithm>

namespace sutra::grid_testing {

const char* health_name(Health health) {
  switch (health) {
    case Health::kHealthy:
      return "healthy";
    case Health::kDegraded:
      return "degraded";
    case Health::kOffline:
      return "offline";
  }
  return "unknown";
}

const AgentRegistry::Agent* AgentRegistry::find(const std::string& agent_id) const {
  const auto it = agents_.find(agent_id);
  return it == agents_.end() ? nullptr : &it->second;
}

Health AgentRegistry::health_of(const Agent& agent, const Instant& now) {
  const auto silence = now.steady - agent.last_beat.steady;
  if (silence >= kOfflineAfter) return Health::kOffline;
  return silence >= kDegradedAfter ? Health::kDegraded : Health::kHealthy;
}

std::uint32_t AgentRegistry::live_nodes(const Agent& agent) {
  return static_cast<std::uint32_t>(std::count_if(agent.nodes.begin(), agent.nodes.end(),
                                                  [](const auto& node) { return node.second.pid() != 0; }));
}

void AgentRegistry::register_agent(const ::grid::AgentInfo& info, const Instant& now) {
  Agent agent;
  agent.info = info;
  agent.last_beat = now;
  agent.revision = ++last_revision_;
  agents_[info.agent_id()] = std::move(agent);
}

bool AgentRegistry::heartbeat(const ::grid::HeartbeatRequest& beat, const Instant& now) {
  const auto it = agents_.find(beat.agent_id());
  if (it == agents_.end()) return false;
  it->second.last_beat = now;
  it->second.beat_count = beat.storage_node_count();
  return true;
}

bool AgentRegistry::unregister_agent(const std::string& agent_id) { return agents_.erase(agent_id) > 0; }

std::optional<::grid::AgentInfo> AgentRegistry::info(const std::string& agent_id) const {
  const Agent* agent = find(agent_id);
  if (agent == nullptr) return std::nullopt;
  return agent->info;
}

std::optional<Health> AgentRegistry::health(const std::string& agent_id, const Instant& now) const {
  const Agent* agent = find(agent_id);
  if (agent == nullptr) return std::nullopt;
  return health_of(*agent, now);
}

std::vector<std::string> AgentRegistry::reachable(const Instant& now) const {
  std::vector<std::string> ids;
  for (const auto& [id, agent] : agents_) {
    if (health_of(agent, now) != Health::kOffline) ids.push_back(id);
  }
  return ids;
}

std::optional<std::string> AgentRegistry::agent_of(const std::string& node_id) const {
  for (const auto& [id, agent] : agents_) {
    if (agent.nodes.contains(node_id)) return id;
  }
  return std::nullopt;
}

void AgentRegistry::put_node(const std::string& agent_id, const ::grid::NodeStatus& node) {
  const auto it = agents_.find(agent_id);
  if (it == agents_.end()) return;
  it->second.revision = ++last_revision_;
  it->second.nodes[node.node_id()] = node;
}

void AgentRegistry::remove_node(const std::string& agent_id, const std::string& node_id) {
  const auto it = agents_.find(agent_id);
  if (it == agents_.end()) return;
  it->second.revision = ++last_revision_;
  it->second.nodes.erase(node_id);
}

void AgentRegistry::mark_stale(const std::string& agent_id) {
  const auto it = agents_.find(agent_id);
  if (it != agents_.end()) it->second.stale = true;
}

bool AgentRegistry::wants_refresh(const std::string& agent_id) const {
  const Agent* agent = find(agent_id);
  if (agent == nullptr) return false;
  if (agent->stale || agent->beat_count != live_nodes(*agent)) return true;
  return std::any_of(agent->nodes.begin(), agent->nodes.end(), [](const auto& node) {
    return node.second.status() == "starting" || node.second.status() == "stopping";
  });
}

std::uint64_t AgentRegistry::revision(const std::string& agent_id) const {
  const Agent* agent = find(agent_id);
  return agent == nullptr ? 0 : agent->revision;
}

bool AgentRegistry::set_nodes(const std::string& agent_id, std::uint64_t revision,
                              const std::vector<::grid::NodeStatus>& nodes) {
  const auto it = agents_.find(agent_id);
  if (it == agents_.end() || it->second.revision != revision) return false;
  it->second.revision = ++last_revision_;
  it->second.stale = false;
  it->second.nodes.clear();
  for (const auto& node : nodes) it->second.nodes[node.node_id()] = node;
  return true;
}

::grid::AgentList AgentRegistry::list(const Instant& now) const {
  ::grid::AgentList list;
  for (const auto& [id, agent] : agents_) {
    auto* record = list.add_agents();
    record->set_agent_id(id);
    record->set_hostname(agent.info.hostname());
    record->set_platform(agent.info.platform());
    record->set_status(health_name(health_of(agent, now)));
    record->set_max_storage_nodes(agent.info.max_storage_nodes());
    record->set_current_storage_nodes(agent.stale ? agent.beat_count : live_nodes(agent));
    record->set_last_heartbeat(agent.last_beat.unix_secs);
    for (const auto& node : agent.nodes) *record->add_storage_nodes() = node.second;
  }
  return list;
}

::grid::ClusterStatus AgentRegistry::cluster(const Instant& now) const {
  std::uint32_t healthy = 0;
  std::uint32_t nodes = 0;
  std::uint32_t running = 0;
  for (const auto& [id, agent] : agents_) {
    const Health health = health_of(agent, now);
    if (health == Health::kHealthy) ++healthy;
    nodes += static_cast<std::uint32_t>(agent.nodes.size());
    if (health == Health::kOffline) continue;
    running += static_cast<std::uint32_t>(
        std::count_if(agent.nodes.begin(), agent.nodes.end(),
                      [](const auto& node) { return node.second.status() == "running"; }));
  }
  ::grid::ClusterStatus status;
  status.set_total_agents(static_cast<std::uint32_t>(agents_.size()));
  status.set_healthy_agents(healthy);
  status.set_total_storage_nodes(nodes);
  status.set_running_storage_nodes(running);
  const bool all_well = healthy == agents_.size() && running == nodes;
  status.set_status(healthy == 0 ? "critical" : all_well ? "healthy" : "degraded");
  return status;
}

std::vector<HealthChange> AgentRegistry::health_changes(const Instant& now) {
  std::vector<HealthChange> changes;
  for (auto& [id, agent] : agents_) {
    const Health health = health_of(agent, now);
    if (health != agent.reported) changes.push_back({id, agent.reported, health});
    agent.reported = health;
  }
  return changes;
}

}  // namespace sutra::grid_testing
