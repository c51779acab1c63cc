#include "comms/service/agent_service.h"

#include <optional>
#include <utility>

#include "common/node_id.h"
#include "common/text.h"

namespace sutra::comms {

using std::chrono::milliseconds;

namespace {

/// A call that the loop's thread answers later. When the caller cancels, `on_cancel` is called from a gRPC
/// thread. The object deletes itself in OnDone(), which gRPC calls once after Finish().
class WaitingCall final : public grpc::ServerUnaryReactor {
 public:
  explicit WaitingCall(std::function<void()> on_cancel) : on_cancel_(std::move(on_cancel)) {}
  void OnCancel() override { on_cancel_(); }
  void OnDone() override { delete this; }

 private:
  std::function<void()> on_cancel_;
};

std::optional<milliseconds> remaining_of(const grpc::CallbackServerContext& context) {
  const auto deadline = context.deadline();
  const auto now = std::chrono::system_clock::now();
  // Without a deadline of the caller gRPC returns a time in the far future.
  if (deadline - now > std::chrono::hours(1)) return std::nullopt;
  return std::chrono::duration_cast<milliseconds>(deadline - now);
}

grpc::ServerUnaryReactor* finish(grpc::CallbackServerContext* context, const grpc::Status& status) {
  auto* reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

/// Why a storage_path cannot be sent to the supervisor in ipc::PathText; nullopt when it can.
std::optional<std::string> path_fault(const std::string& path) {
  constexpr std::size_t kPathMax = 255;
  if (path.size() > kPathMax) {
    return "storage_path has " + std::to_string(path.size()) + " bytes; at most " + std::to_string(kPathMax) +
           " are allowed: send a shorter one, a path relative to the agent's data_path, or an empty one";
  }
  if (path.find('\0') != std::string::npos) {
    return "storage_path contains a NUL byte: send a path without, or an empty one";
  }
  return std::nullopt;
}

void fill(const ipc::NodeRow& row, agent::NodeStatusResponse& out) {
  out.set_node_id(std::string(row.node_id.view()));
  out.set_status(std::string(wire_state_name(row.state)));
  out.set_pid(row.pid);
  out.set_port(row.port);
  out.set_storage_path(std::string(row.storage_path.view()));
  out.set_started_at(row.started_at);
  out.set_restart_count(row.restart_count);
}

constexpr const char* kStopping = "the agent is stopping; ask again when it is back";

}  // namespace

grpc::ServerUnaryReactor* AgentService::refuse_unpermitted(grpc::CallbackServerContext* context) const {
  if (parts_->callers.permits(context->peer())) return nullptr;
  return finish(context, {grpc::StatusCode::PERMISSION_DENIED,
                          "over plaintext only the addresses of agent.master_host may call this agent, and " +
                              peer_address(context->peer()) + " is not one of them"});
}

grpc::ServerUnaryReactor* AgentService::SpawnNode(grpc::CallbackServerContext* context,
                                                  const agent::SpawnNodeRequest* request,
                                                  agent::SpawnNodeResponse* response) {
  if (auto* refused = refuse_unpermitted(context)) return refused;
  response->set_node_id(request->node_id());
  const auto node_id = NodeId::parse(request->node_id());
  const auto fault = node_id ? path_fault(request->storage_path()) : node_id.error().message();
  if (fault) {
    response->set_error_message("start node: " + *fault);
    return finish(context, grpc::Status::OK);
  }
  ipc::StartNode order;
  order.request_id = ++parts_->last_request_id;
  order.memory_mb = request->memory_limit_mb();
  order.port = request->port();
  (void)order.node_id.assign(node_id.value().str());
  (void)order.storage_path.assign(request->storage_path());
  auto* call = new WaitingCall([parts = parts_, id = order.request_id] {
    (void)parts->post([parts, id] { parts->requests.forget(id); });
  });
  const auto answer = [call, response](const NodeOutcome& outcome) {
    response->set_success(outcome.success);
    response->set_pid(outcome.pid);
    response->set_port(outcome.port);
    response->set_error_message(outcome.reason);
    call->Finish(grpc::Status::OK);
  };
  const auto within = answer_within(remaining_of(*context), kSpawnAnswerCap);
  const bool posted = parts_->post([parts = parts_, order, within, answer] {
    const auto now = Clock::now();
    parts->requests.start(order, now, now + within, answer);
    parts->requests_changed();
  });
  if (!posted) answer({false, 0, 0, kStopping});  // the loop has ended; each call needs exactly one Finish()
  return call;
}

grpc::ServerUnaryReactor* AgentService::StopNode(grpc::CallbackServerContext* context,
                                                 const agent::StopNodeRequest* request,
                                                 agent::StopNodeResponse* response) {
  if (auto* refused = refuse_unpermitted(context)) return refused;
  const auto node_id = NodeId::parse(request->node_id());
  if (!node_id) {
    response->set_error_message("stop node: " + node_id.error().message());
    return finish(context, grpc::Status::OK);
  }
  ipc::StopNode order;
  order.request_id = ++parts_->last_request_id;
  (void)order.node_id.assign(node_id.value().str());
  auto* call = new WaitingCall([parts = parts_, id = order.request_id] {
    (void)parts->post([parts, id] { parts->requests.forget(id); });
  });
  const auto answer = [call, response](const NodeOutcome& outcome) {
    response->set_success(outcome.success);
    response->set_error_message(outcome.reason);
    call->Finish(grpc::Status::OK);
  };
  const auto within = answer_within(remaining_of(*context), kStopAnswerCap);
  const bool posted = parts_->post([parts = parts_, order, within, answer] {
    const auto now = Clock::now();
    parts->requests.stop(order, now, now + within, answer);
    parts->requests_changed();
  });
  if (!posted) answer({false, 0, 0, kStopping});
  return call;
}

grpc::ServerUnaryReactor* AgentService::GetNodeStatus(grpc::CallbackServerContext* context,
                                                      const agent::NodeStatusRequest* request,
                                                      agent::NodeStatusResponse* response) {
  if (auto* refused = refuse_unpermitted(context)) return refused;
  const auto found = parts_->table.find(request->node_id());
  if (!found) {
    return finish(context, {grpc::StatusCode::NOT_FOUND, "node " + printable(request->node_id()) +
                                                             " is unknown to agent " + parts_->agent_id});
  }
  fill(found->row, *response);
  return finish(context, grpc::Status::OK);
}

grpc::ServerUnaryReactor* AgentService::ListNodes(grpc::CallbackServerContext* context,
                                                  const agent::ListNodesRequest*,
                                                  agent::ListNodesResponse* response) {
  if (auto* refused = refuse_unpermitted(context)) return refused;
  for (const auto& read : parts_->table.snapshot()) fill(read.row, *response->add_nodes());
  return finish(context, grpc::Status::OK);
}

}  // namespace sutra::comms
