// How the Master learns its agents' nodes, and its log lines about the cluster.
#include <atomic>
#include <utility>

#include "common/text.h"
#include "tests/grid/endpoint.h"
#include "tests/grid/master_service.h"

namespace sutra::grid_testing {
namespace {

constexpr std::chrono::milliseconds kListTimeout{1000};

}  // namespace

void MasterService::refresh(const std::string& agent_id, std::function<void()> then) {
  std::uint64_t revision = 0;
  std::string endpoint;
  {
    const std::lock_guard lock(mutex_);
    revision = registry_.revision(agent_id);
    const auto info = registry_.info(agent_id);
    if (info) endpoint = info->agent_endpoint();
  }
  calls_.list_nodes(agent_id, kListTimeout,
                    [this, agent_id, revision, endpoint, then = std::move(then)](
                        const grpc::Status& status, const ::agent::ListNodesResponse& answer) {
                      std::vector<::grid::NodeStatus> nodes;
                      for (const auto& node : answer.nodes()) nodes.push_back(as_seen(node, endpoint));
                      {
                        const std::lock_guard lock(mutex_);
                        if (status.ok()) {
                          (void)registry_.set_nodes(agent_id, revision, nodes);
                        } else {
                          registry_.mark_stale(agent_id);
                        }
                      }
                      if (!status.ok()) {
                        note(LogLevel::kDebug, "⚠️  List nodes of " + printable(agent_id) + " at " +
                                                   endpoint + ": " + cause_of(status));
                      }
                      then();
                    });
}

void MasterService::refresh_all(std::function<void()> then) {
  std::vector<std::string> agents;
  {
    const std::lock_guard lock(mutex_);
    agents = registry_.reachable(clock_());
  }
  if (agents.empty()) return then();
  const auto awaited = std::make_shared<std::atomic<std::size_t>>(agents.size());
  const auto last = std::make_shared<std::function<void()>>(std::move(then));
  for (const std::string& agent_id : agents) {
    refresh(agent_id, [awaited, last] {
      if (awaited->fetch_sub(1) == 1) (*last)();
    });
  }
}

void MasterService::locate(const std::string& node_id,
                           std::function<void(const std::string& agent_id)> then) {
  const auto known = [this, node_id] {
    const std::lock_guard lock(mutex_);
    return registry_.agent_of(node_id).value_or("");
  };
  if (const std::string agent_id = known(); !agent_id.empty()) return then(agent_id);
  refresh_all([known, then = std::move(then)] { then(known()); });
}

void MasterService::report_health() {
  std::vector<HealthChange> changes;
  {
    const std::lock_guard lock(mutex_);
    changes = registry_.health_changes(clock_());
  }
  for (const HealthChange& change : changes) {
    const std::string text = "Agent " + printable(change.agent_id) + " is " + health_name(change.to) +
                             " (was " + health_name(change.from) + ")";
    if (change.to == Health::kHealthy) {
      note(LogLevel::kInfo, "✅ " + text);
    } else {
      note(LogLevel::kWarning, "⚠️  " + text);
    }
  }
}

void MasterService::report_cluster() {
  ::grid::ClusterStatus cluster;
  {
    const std::lock_guard lock(mutex_);
    cluster = registry_.cluster(clock_());
  }
  note(LogLevel::kInfo, "📊 Cluster: " + std::to_string(cluster.total_agents()) + " agents (" +
                            std::to_string(cluster.healthy_agents()) + " healthy), " +
                            std::to_string(cluster.total_storage_nodes()) + " storage nodes (" +
                            std::to_string(cluster.running_storage_nodes()) + " running) - " +
                            cluster.status());
}

}  // namespace sutra::grid_testing
