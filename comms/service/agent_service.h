// The GridAgent service, which the Master calls. Comms; runs on gRPC's threads and never blocks one.
// SpawnNode and StopNode are passed to the loop's thread and wait there for the supervisor. GetNodeStatus and
// ListNodes are answered from the node table, so they also work while the supervisor is busy.
#pragma once
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "agent.grpc.pb.h"
#include "common/loop/event_loop.h"
#include "comms/service/caller_filter.h"
#include "comms/service/node_requests.h"
#include "ipc/node_table.h"

namespace sutra::comms {

/// A Master waits 30 s for SpawnNode and 10 s for StopNode. We answer before that.
inline constexpr std::chrono::milliseconds kSpawnAnswerCap{28000};
inline constexpr std::chrono::milliseconds kStopAnswerCap{9500};

/// What the calls need. All must outlive the server. `requests` is used on the loop's thread only, by posted
/// tasks; they call `requests_changed` after each change, to set the timer for NodeRequests::next_wake().
struct AgentServiceParts {
  std::string agent_id;
  LoopPost post;
  NodeRequests& requests;
  std::function<void()> requests_changed;
  const ipc::NodeTableReader& table;
  const CallerFilter& callers;
  std::atomic<std::uint64_t>& last_request_id;
};

class AgentService final : public agent::GridAgent::CallbackService {
 public:
  explicit AgentService(AgentServiceParts parts)
      : parts_(std::make_shared<const AgentServiceParts>(std::move(parts))) {}

  grpc::ServerUnaryReactor* SpawnNode(grpc::CallbackServerContext* context,
                                      const agent::SpawnNodeRequest* request,
                                      agent::SpawnNodeResponse* response) override;
  grpc::ServerUnaryReactor* StopNode(grpc::CallbackServerContext* context,
                                     const agent::StopNodeRequest* request,
                                     agent::StopNodeResponse* response) override;
  grpc::ServerUnaryReactor* GetNodeStatus(grpc::CallbackServerContext* context,
                                          const agent::NodeStatusRequest* request,
                                          agent::NodeStatusResponse* response) override;
  grpc::ServerUnaryReactor* ListNodes(grpc::CallbackServerContext* context,
                                      const agent::ListNodesRequest* request,
                                      agent::ListNodesResponse* response) override;

 private:
  /// Finishes the call with PERMISSION_DENIED when the caller is not permitted; null when it is.
  [[nodiscard]] grpc::ServerUnaryReactor* refuse_unpermitted(grpc::CallbackServerContext* context) const;
  std::shared_ptr<const AgentServiceParts> parts_;  // shared with posted tasks, which may outlive the server
};

}  // namespace sutra::comms
