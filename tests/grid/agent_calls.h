// The reference Master's calls to its agents: one channel for each agent, asynchronous, never retried, so that an agent
// that hangs delays no other. Thread-safe.
#pragma once
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "agent.grpc.pb.h"

namespace sutra::grid_testing {

class AgentCalls {
 public:
  /// Runs once, on a gRPC thread or before the call returns; must not block.
  template <typename Response>
  using Done = std::function<void(const grpc::Status&, const Response&)>;

  explicit AgentCalls(std::shared_ptr<grpc::ChannelCredentials> credentials)
      : credentials_(std::move(credentials)) {}
  ~AgentCalls() { close(); }
  AgentCalls(const AgentCalls&) = delete;
  AgentCalls& operator=(const AgentCalls&) = delete;

  /// A fresh channel to "host:port", dialled with the first call. Calls under way keep the old one.
  void set_endpoint(const std::string& agent_id, const std::string& endpoint);
  void drop(const std::string& agent_id);

  // Without a channel to the agent `done` gets UNAVAILABLE, after close() CANCELLED.
  void spawn_node(const std::string& agent_id, ::agent::SpawnNodeRequest request,
                  std::chrono::milliseconds timeout, Done<::agent::SpawnNodeResponse> done);
  void stop_node(const std::string& agent_id, ::agent::StopNodeRequest request,
                 std::chrono::milliseconds timeout, Done<::agent::StopNodeResponse> done);
  void node_status(const std::string& agent_id, ::agent::NodeStatusRequest request,
                   std::chrono::milliseconds timeout, Done<::agent::NodeStatusResponse> done);
  void list_nodes(const std::string& agent_id, std::chrono::milliseconds timeout,
                  Done<::agent::ListNodesResponse> done);

  /// Cancels all calls and returns when every `done` has returned. Must not be called from a `done`.
  void close();

 private:
  template <typename Request, typename Response>
  using Method = void (::agent::GridAgent::StubInterface::async_interface::*)(
      grpc::ClientContext*, const Request*, Response*, std::function<void(grpc::Status)>);

  template <typename Request, typename Response>
  void call(const std::string& agent_id, Method<Request, Response> method, Request request,
            std::chrono::milliseconds timeout, Done<Response> done);
  grpc::Status admit(const std::string& agent_id, const std::shared_ptr<grpc::ClientContext>& context,
                     std::shared_ptr<::agent::GridAgent::Stub>* stub);
  void leave(const std::shared_ptr<grpc::ClientContext>& context);

  const std::shared_ptr<grpc::ChannelCredentials> credentials_;
  std::mutex mutex_;
  std::condition_variable idle_;
  std::map<std::string, std::shared_ptr<::agent::GridAgent::Stub>> stubs_;
  std::set<std::shared_ptr<grpc::ClientContext>> under_way_;
  bool closed_ = false;
};

}  // namespace sutra::grid_testing
