// The eight RPCs of grid.GridMaster, on the registry and the calls to agents. No RPC blocks a thread: one that waits for
// an agent answers from the callback of that call. Thread-safe.
#pragma once
#include <functional>
#include <mutex>
#include <string>

#include "common/config/config.h"
#include "grid.grpc.pb.h"
#include "tests/grid/agent_calls.h"
#include "tests/grid/agent_registry.h"
#include "tests/grid/observations.h"

namespace sutra::grid_testing {

/// Takes one line without its end; called from any thread.
using LogSink = std::function<void(LogLevel, const std::string& line)>;

class MasterService final : public ::grid::GridMaster::CallbackService {
 public:
  /// `observations` must outlive the service. `clock` and `log` are called from any thread.
  MasterService(std::function<Instant()> clock, LogSink log, Observations& observations,
                std::shared_ptr<grpc::ChannelCredentials> agent_credentials);

  // Called by agents.
  grpc::ServerUnaryReactor* RegisterAgent(grpc::CallbackServerContext* context,
                                          const ::grid::AgentInfo* request,
                                          ::grid::RegistrationResponse* response) override;
  grpc::ServerUnaryReactor* Heartbeat(grpc::CallbackServerContext* context,
                                      const ::grid::HeartbeatRequest* request,
                                      ::grid::HeartbeatResponse* response) override;
  grpc::ServerUnaryReactor* UnregisterAgent(grpc::CallbackServerContext* context,
                                            const ::grid::AgentId* request, ::grid::Empty* response) override;

  // Called by operators.
  grpc::ServerUnaryReactor* SpawnStorageNode(grpc::CallbackServerContext* context,
                                             const ::grid::SpawnRequest* request,
                                             ::grid::SpawnResponse* response) override;
  grpc::ServerUnaryReactor* StopStorageNode(grpc::CallbackServerContext* context,
                                            const ::grid::StopRequest* request,
                                            ::grid::StopResponse* response) override;
  grpc::ServerUnaryReactor* GetStorageNodeStatus(grpc::CallbackServerContext* context,
                                                 const ::grid::NodeId* request,
                                                 ::grid::NodeStatus* response) override;
  grpc::ServerUnaryReactor* ListAgents(grpc::CallbackServerContext* context, const ::grid::Empty* request,
                                       ::grid::AgentList* response) override;
  grpc::ServerUnaryReactor* GetClusterStatus(grpc::CallbackServerContext* context,
                                             const ::grid::Empty* request,
                                             ::grid::ClusterStatus* response) override;

  /// Logs agents whose health changed since the last call. Call about once a second.
  void report_health();
  /// Logs the cluster's one-line summary.
  void report_cluster();
  /// Cancels the calls to agents, so that every rpc under way is answered. Before the server's shutdown.
  void close() { calls_.close(); }

 private:
  void note(LogLevel level, const std::string& line) const;
  /// Asks the agent for its nodes, then runs `then`, even if that failed.
  void refresh(const std::string& agent_id, std::function<void()> then);
  /// refresh() of every reachable agent at once, then `then`, once.
  void refresh_all(std::function<void()> then);
  /// Finds the node's agent, asking all agents when it is not known; an empty id: none has it.
  void locate(const std::string& node_id, std::function<void(const std::string& agent_id)> then);
  /// Why the agent cannot be called, or its endpoint.
  struct Route {
    std::string endpoint;
    std::string fault;
  };
  [[nodiscard]] Route route(const std::string& agent_id);
  void forward_stop(const std::string& agent_id, const std::string& node_id, ::grid::StopResponse* response,
                    grpc::ServerUnaryReactor* reactor);
  void forward_status(const std::string& agent_id, const std::string& node_id, ::grid::NodeStatus* response,
                      grpc::ServerUnaryReactor* reactor);
  void spawn_answered(const ::grid::SpawnRequest& request, const std::string& endpoint,
                      const grpc::Status& status, const ::agent::SpawnNodeResponse& answer,
                      ::grid::SpawnResponse* response);
  void stop_answered(const std::string& agent_id, const std::string& node_id, const std::string& endpoint,
                     const grpc::Status& status, const ::agent::StopNodeResponse& answer,
                     ::grid::StopResponse* response);

  const std::function<Instant()> clock_;
  const LogSink log_;
  Observations& observations_;
  std::mutex mutex_;
  AgentRegistry registry_;  ///< under mutex_; agents are never called with it held
  AgentCalls calls_;        ///< last: its destructor waits for callbacks that use the rest
};

}  // namespace sutra::grid_testing
