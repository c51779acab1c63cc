// The GridAgent service: the Master's calls as they come in. Comms; runs on gRPC's threads and never blocks
// one. SpawnNode and StopNode travel to the loop's thread and wait there; GetNodeStatus and ListNodes are
// answered from the node table, so that they work whatever the supervisor is busy with.
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

/// Masters wait 30 s and 10 s; they are answered before they give up.
inline constexpr std::chrono::milliseconds kSpawnAnswerCap{28000};
inline constexpr std::chrono::milliseconds kStopAnswerCap{9500};

/// What the calls need. All of it outlives the server. `requests` is touched by what is posted, on the loop's
/// thread; `requests_changed` runs there after each change, to arm the timer of NodeRequests::next_wake().
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
  /// A call that was refused already, or null when the caller is permitted.
  [[nodiscard]] grpc::ServerUnaryReactor* refuse_stranger(grpc::CallbackServerContext* context) const;
  std::shared_ptr<const AgentServiceParts> parts_;  // shared with what was posted and outlives the server
};

}  // namespace sutra::comms
