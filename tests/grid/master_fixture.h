// A reference Master over loopback with a client of it, for the tests of this directory.
#pragma once
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "grid.grpc.pb.h"
#include "tests/grid/fake_agent.h"
#include "tests/grid/reference_master.h"
#include "tests/support/eventually.h"

namespace sutra::grid_testing {

using test::eventually;

class MasterTest : public ::testing::Test {
 protected:
  MasterTest() : master_(options()) {
    const Status started = master_.start("127.0.0.1:0");
    EXPECT_TRUE(started.ok()) << (started.ok() ? "" : started.error().message());
    connect();
  }

  MasterOptions options() {
    MasterOptions options;
    options.clock = [this] {
      return Instant{std::chrono::steady_clock::time_point(std::chrono::seconds(1000 + elapsed_secs_)),
                     1'700'000'000};
    };
    options.log = [this](LogLevel, const std::string& line) {
      const std::lock_guard lock(lines_mutex_);
      lines_.push_back(line);
    };
    return options;
  }

  void connect() {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stub_ = ::grid::GridMaster::NewStub(
        grpc::CreateCustomChannel(master_.address(), grpc::InsecureChannelCredentials(), arguments));
  }

  template <typename Request, typename Response>
  using Method = grpc::Status (::grid::GridMaster::Stub::*)(grpc::ClientContext*, const Request&, Response*);

  template <typename Response, typename Request>
  Response ask(Method<Request, Response> method, const Request& request, grpc::Status* status = nullptr) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    Response response;
    const grpc::Status answered = (stub_.get()->*method)(&context, request, &response);
    if (status != nullptr) {
      *status = answered;
    } else {
      EXPECT_TRUE(answered.ok()) << answered.error_message();
    }
    return response;
  }

  ::grid::RegistrationResponse enroll(const std::string& id, const std::string& endpoint) {
    ::grid::AgentInfo info;
    info.set_agent_id(id);
    info.set_platform("desktop");
    info.set_agent_endpoint(endpoint);
    return ask(&::grid::GridMaster::Stub::RegisterAgent, info);
  }
  ::grid::HeartbeatResponse beat(const std::string& id, std::uint32_t nodes, grpc::Status* status = nullptr) {
    ::grid::HeartbeatRequest request;
    request.set_agent_id(id);
    request.set_storage_node_count(nodes);
    return ask(&::grid::GridMaster::Stub::Heartbeat, request, status);
  }
  ::grid::SpawnResponse spawn(const std::string& agent_id) {
    ::grid::SpawnRequest request;
    request.set_agent_id(agent_id);
    request.set_storage_path("data");
    request.set_memory_limit_mb(64);
    request.set_port(50051);
    return ask(&::grid::GridMaster::Stub::SpawnStorageNode, request);
  }
  ::grid::StopResponse stop(const std::string& agent_id, const std::string& node_id) {
    ::grid::StopRequest request;
    request.set_agent_id(agent_id);
    request.set_node_id(node_id);
    return ask(&::grid::GridMaster::Stub::StopStorageNode, request);
  }
  ::grid::NodeStatus node_status(const std::string& node_id, grpc::Status* status = nullptr) {
    ::grid::NodeId request;
    request.set_node_id(node_id);
    return ask(&::grid::GridMaster::Stub::GetStorageNodeStatus, request, status);
  }
  ::grid::AgentList list() { return ask(&::grid::GridMaster::Stub::ListAgents, ::grid::Empty()); }

  [[nodiscard]] bool logged(const std::string& text) {
    const std::lock_guard lock(lines_mutex_);
    for (const auto& line : lines_) {
      if (line.find(text) != std::string::npos) return true;
    }
    return false;
  }

  std::atomic<int> elapsed_secs_ = 0;
  std::mutex lines_mutex_;
  std::vector<std::string> lines_;
  ReferenceMaster master_;  ///< after what its clock and log use
  std::unique_ptr<::grid::GridMaster::Stub> stub_;
};

}  // namespace sutra::grid_testing
