#include "tests/grid/agent_calls.h"

#include <utility>

namespace sutra::grid_testing {
namespace {

using Async = ::agent::GridAgent::StubInterface::async_interface;

grpc::ChannelArguments channel_arguments() {
  grpc::ChannelArguments arguments;
  // A proxy from the environment must not be used between a Master and its agents.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // A restarted agent must be reached at once, not after the backoff of an older channel.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  return arguments;
}

}  // namespace

void AgentCalls::set_endpoint(const std::string& agent_id, const std::string& endpoint) {
  std::shared_ptr<::agent::GridAgent::Stub> stub =
      ::agent::GridAgent::NewStub(grpc::CreateCustomChannel(endpoint, credentials_, channel_arguments()));
  const std::lock_guard lock(mutex_);
  stubs_[agent_id].swap(stub);
}

void AgentCalls::drop(const std::string& agent_id) {
  const std::lock_guard lock(mutex_);
  stubs_.erase(agent_id);
}

grpc::Status AgentCalls::admit(const std::string& agent_id,
                               const std::shared_ptr<grpc::ClientContext>& context,
                               std::shared_ptr<::agent::GridAgent::Stub>* stub) {
  const std::lock_guard lock(mutex_);
  if (closed_) return {grpc::StatusCode::CANCELLED, "the Master is stopping"};
  const auto it = stubs_.find(agent_id);
  if (it == stubs_.end()) return {grpc::StatusCode::UNAVAILABLE, "the agent is not registered"};
  *stub = it->second;
  under_way_.insert(context);
  return grpc::Status::OK;
}

void AgentCalls::leave(const std::shared_ptr<grpc::ClientContext>& context) {
  const std::lock_guard lock(mutex_);
  under_way_.erase(context);
  idle_.notify_all();
}

template <typename Request, typename Response>
void AgentCalls::call(const std::string& agent_id, Method<Request, Response> method, Request request,
                      std::chrono::milliseconds timeout, Done<Response> done) {
  struct Call {
    std::shared_ptr<::agent::GridAgent::Stub> stub;
    std::shared_ptr<grpc::ClientContext> context = std::make_shared<grpc::ClientContext>();
    Request request;
    Response response;
  };
  auto call = std::make_shared<Call>();
  call->request = std::move(request);
  call->context->set_deadline(std::chrono::system_clock::now() + timeout);
  const grpc::Status admitted = admit(agent_id, call->context, &call->stub);
  if (!admitted.ok()) return done(admitted, call->response);
  (call->stub->async()->*method)(call->context.get(), &call->request, &call->response,
                                 [this, call, done = std::move(done)](const grpc::Status& status) {
                                   done(status, call->response);
                                   leave(call->context);
                                 });
}

void AgentCalls::spawn_node(const std::string& agent_id, ::agent::SpawnNodeRequest request,
                            std::chrono::milliseconds timeout, Done<::agent::SpawnNodeResponse> done) {
  call<::agent::SpawnNodeRequest, ::agent::SpawnNodeResponse>(agent_id, &Async::SpawnNode, std::move(request),
                                                              timeout, std::move(done));
}

void AgentCalls::stop_node(const std::string& agent_id, ::agent::StopNodeRequest request,
                           std::chrono::milliseconds timeout, Done<::agent::StopNodeResponse> done) {
  call<::agent::StopNodeRequest, ::agent::StopNodeResponse>(agent_id, &Async::StopNode, std::move(request),
                                                            timeout, std::move(done));
}

void AgentCalls::node_status(const std::string& agent_id, ::agent::NodeStatusRequest request,
                             std::chrono::milliseconds timeout, Done<::agent::NodeStatusResponse> done) {
  call<::agent::NodeStatusRequest, ::agent::NodeStatusResponse>(agent_id, &Async::GetNodeStatus,
                                                                std::move(request), timeout, std::move(done));
}

void AgentCalls::list_nodes(const std::string& agent_id, std::chrono::milliseconds timeout,
                            Done<::agent::ListNodesResponse> done) {
  call<::agent::ListNodesRequest, ::agent::ListNodesResponse>(agent_id, &Async::ListNodes, {}, timeout,
                                                              std::move(done));
}

void AgentCalls::close() {
  std::unique_lock lock(mutex_);
  closed_ = true;
  const auto cancelled = under_way_;
  // Unlocked: a cancellation may run `done`, and with it leave(), on this thread.
  lock.unlock();
  for (const auto& context : cancelled) context->TryCancel();
  lock.lock();
  idle_.wait(lock, [this] { return under_way_.empty(); });
  stubs_.clear();
}

}  // namespace sutra::grid_testing
