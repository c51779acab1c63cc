// A minimal grid agent for the Master's tests: records its requests and answers as the test decides.
#pragma once
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "agent.grpc.pb.h"

namespace sutra::grid_testing {

class FakeAgent final : public ::agent::GridAgent::Service {
 public:
  FakeAgent();  ///< listens on a free loopback port
  ~FakeAgent() override;

  [[nodiscard]] std::string endpoint() const { return "127.0.0.1:" + std::to_string(port_); }
  void add_node(const std::string& node_id, const std::string& status, std::uint32_t pid);
  void refuse(const std::string& reason);          ///< spawns and stops answer success = false
  void hang(bool hanging) { hanging_ = hanging; }  ///< calls are not answered until it is false or cancelled
  [[nodiscard]] ::agent::SpawnNodeRequest last_spawn() const;
  [[nodiscard]] int spawns() const { return spawns_; }
  [[nodiscard]] int lists() const { return lists_; }

  grpc::Status SpawnNode(grpc::ServerContext* context, const ::agent::SpawnNodeRequest* request,
                         ::agent::SpawnNodeResponse* response) override;
  grpc::Status StopNode(grpc::ServerContext* context, const ::agent::StopNodeRequest* request,
                        ::agent::StopNodeResponse* response) override;
  grpc::Status GetNodeStatus(grpc::ServerContext* context, const ::agent::NodeStatusRequest* request,
                             ::agent::NodeStatusResponse* response) override;
  grpc::Status ListNodes(grpc::ServerContext* context, const ::agent::ListNodesRequest* request,
                         ::agent::ListNodesResponse* response) override;

 private:
  void wait_while_hanging(grpc::ServerContext* context) const;

  mutable std::mutex mutex_;
  std::map<std::string, ::agent::NodeStatusResponse> nodes_;
  std::string refusal_;
  ::agent::SpawnNodeRequest last_spawn_;
  std::atomic<bool> hanging_ = false;
  std::atomic<int> spawns_ = 0;
  std::atomic<int> lists_ = 0;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace sutra::grid_testing
