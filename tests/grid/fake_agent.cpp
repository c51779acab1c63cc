#include "tests/grid/fake_agent.h"

#include <chrono>
#include <thread>

namespace sutra::grid_testing {
namespace {
constexpr std::uint32_t kNodePort = 50051;
}

FakeAgent::FakeAgent() {
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
}

FakeAgent::~FakeAgent() {
  hanging_ = false;
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
}

void FakeAgent::add_node(const std::string& node_id, const std::string& status, std::uint32_t pid) {
  const std::lock_guard lock(mutex_);
  auto& node = nodes_[node_id];
  node.set_node_id(node_id);
  node.set_status(status);
  node.set_pid(pid);
  node.set_port(kNodePort);
}

void FakeAgent::refuse(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  refusal_ = reason;
}

::agent::SpawnNodeRequest FakeAgent::last_spawn() const {
  const std::lock_guard lock(mutex_);
  return last_spawn_;
}

void FakeAgent::wait_while_hanging(grpc::ServerContext* context) const {
  while (hanging_ && !context->IsCancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

grpc::Status FakeAgent::SpawnNode(grpc::ServerContext* context, const ::agent::SpawnNodeRequest* request,
                                  ::agent::SpawnNodeResponse* response) {
  ++spawns_;
  wait_while_hanging(context);
  {
    const std::lock_guard lock(mutex_);
    last_spawn_ = *request;
    response->set_error_message(refusal_);
  }
  if (!response->error_message().empty()) return grpc::Status::OK;
  add_node(request->node_id(), "running", 4242);
  response->set_success(true);
  response->set_node_id(request->node_id());
  response->set_port(kNodePort);
  response->set_pid(4242);
  return grpc::Status::OK;
}

grpc::Status FakeAgent::StopNode(grpc::ServerContext* context, const ::agent::StopNodeRequest* request,
                                 ::agent::StopNodeResponse* response) {
  wait_while_hanging(context);
  const std::lock_guard lock(mutex_);
  response->set_success(refusal_.empty() && nodes_.erase(request->node_id()) > 0);
  if (!response->success()) response->set_error_message(refusal_.empty() ? "no such node" : refusal_);
  return grpc::Status::OK;
}

grpc::Status FakeAgent::GetNodeStatus(grpc::ServerContext* context, const ::agent::NodeStatusRequest* request,
                                      ::agent::NodeStatusResponse* response) {
  wait_while_hanging(context);
  const std::lock_guard lock(mutex_);
  const auto it = nodes_.find(request->node_id());
  if (it == nodes_.end()) return {grpc::StatusCode::NOT_FOUND, "no such node"};
  *response = it->second;
  return grpc::Status::OK;
}

grpc::Status FakeAgent::ListNodes(grpc::ServerContext* context, const ::agent::ListNodesRequest*,
                                  ::agent::ListNodesResponse* response) {
  ++lists_;
  wait_while_hanging(context);
  const std::lock_guard lock(mutex_);
  for (const auto& node : nodes_) *response->add_nodes() = node.second;
  return grpc::Status::OK;
}

}  // namespace sutra::grid_testing
