// The Master's calls into a running comms, with a supervisor that the test plays.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <array>
#include <future>
#include <memory>

#include "tests/support/comms_fixture.h"
#include "tests/support/health_call.h"
#include "tests/support/raw_server.h"

namespace sutra::comms {
namespace {

using testing::eventually;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

class CommsCalls : public testing::CommsTest {
 protected:
  std::future<agent::SpawnNodeResponse> spawn_async(const std::string& node_id,
                                                    std::chrono::milliseconds deadline,
                                                    grpc::Status* status = nullptr) {
    (void)agent();
    return std::async(std::launch::async, [=, this] { return spawn(node_id, "a/b", deadline, status); });
  }
};

TEST_F(CommsCalls, ASpawnReachesTheSupervisorUnchangedAndTheAnswerReachesTheCaller) {
  launch();
  auto answer = spawn_async("n1", 30s);
  const auto order = receive<ipc::StartNode>();
  ASSERT_TRUE(order.has_value());
  EXPECT_EQ(order->node_id.view(), "n1");
  EXPECT_EQ(order->storage_path.view(), "a/b");
  EXPECT_EQ(order->port, 70000U) << "the supervisor judges ports";
  EXPECT_EQ(order->memory_mb, 256U);
  ipc::NodeStarted started;
  started.request_id = order->request_id;
  started.success = 1;
  started.pid = 77;
  started.port = 50051;
  send(started);
  const auto response = answer.get();
  EXPECT_TRUE(response.success());
  EXPECT_EQ(response.node_id(), "n1");
  EXPECT_EQ(response.pid(), 77U);
  EXPECT_EQ(response.port(), 50051U);
}

TEST_F(CommsCalls, TheSameRequestTwiceIsTwoOrdersAndTwoAnswers) {
  launch();
  auto first = spawn_async("n1", 30s);
  const auto first_order = receive<ipc::StartNode>();
  auto second = spawn_async("n1", 30s);
  const auto second_order = receive<ipc::StartNode>();
  ASSERT_TRUE(first_order && second_order);
  EXPECT_NE(first_order->request_id, second_order->request_id);
  for (const auto& order : {second_order, first_order}) {
    ipc::NodeStarted started;
    started.request_id = order->request_id;
    started.success = 1;
    started.pid = 77;
    send(started);
  }
  EXPECT_EQ(first.get().pid(), 77U);
  EXPECT_EQ(second.get().pid(), 77U);
}

TEST_F(CommsCalls, AFailureIsAnOkStatusWithTheSupervisorsReason) {
  launch();
  (void)agent();
  auto answer = std::async(std::launch::async, [this] { return stop_node("n9"); });
  const auto order = receive<ipc::StopNode>();
  ASSERT_TRUE(order.has_value());
  ipc::NodeStopped stopped;
  stopped.request_id = order->request_id;
  stopped.reason.assign("node n9 is unknown");
  send(stopped);
  const auto response = answer.get();
  EXPECT_FALSE(response.success());
  EXPECT_EQ(response.error_message(), "node n9 is unknown");
}

TEST_F(CommsCalls, ARequestThatCannotBeSentToTheSupervisorIsRefusedWithAdvice) {
  launch();
  EXPECT_THAT(spawn(std::string(65, 'n')).error_message(), HasSubstr("at most 64"));
  EXPECT_THAT(spawn(std::string("n\0m", 3)).error_message(), HasSubstr("\\x00"));
  EXPECT_THAT(spawn("n1", std::string(256, 'p')).error_message(), HasSubstr("at most 255"));
  EXPECT_THAT(spawn("n1", std::string("p\0q", 3)).error_message(), HasSubstr("NUL"));
  EXPECT_EQ(spawn("a/b").error_message(),
            "start node: node_id \"a/b\" contains '/'; allowed are A-Z a-z 0-9 . _ -");
  EXPECT_EQ(spawn("").error_message(),
            "start node: node_id is empty; send 1 to 64 characters of A-Z a-z 0-9 . _ -");
  EXPECT_THAT(stop_node(std::string(65, 'n')).error_message(), HasSubstr("at most 64"));
  EXPECT_EQ(stop_node("-a").error_message(),
            "stop node: node_id \"-a\" starts with '-'; it must start with a letter, a digit or _");
  EXPECT_FALSE(receive<ipc::StartNode>(50ms).has_value());
}

TEST_F(CommsCalls, ASlowStartIsAnsweredBeforeTheCallerGivesUp) {
  launch();
  grpc::Status status;
  auto answer = spawn_async("n1", 2s, &status);
  ASSERT_TRUE(receive<ipc::StartNode>().has_value());
  const auto response = answer.get();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_FALSE(response.success());
  EXPECT_THAT(response.error_message(), HasSubstr("still starting"));
  EXPECT_THAT(response.error_message(), HasSubstr("GetNodeStatus"));
}

TEST_F(CommsCalls, ACallerThatHangsUpDoesNotDisturbTheNextCall) {
  launch();
  auto& stub = agent();
  grpc::ClientContext context;
  agent::SpawnNodeRequest request;
  request.set_node_id("n1");
  agent::SpawnNodeResponse response;
  auto call = std::async(std::launch::async, [&] { return stub.SpawnNode(&context, request, &response); });
  const auto order = receive<ipc::StartNode>();
  ASSERT_TRUE(order.has_value());
  context.TryCancel();
  EXPECT_EQ(call.get().error_code(), grpc::StatusCode::CANCELLED);
  ipc::NodeStarted started;  // the answer still comes, but has no caller
  started.request_id = order->request_id;
  started.success = 1;
  send(started);
  auto next = spawn_async("n2", 30s);
  const auto next_order = receive<ipc::StartNode>();
  ASSERT_TRUE(next_order.has_value());
  started.request_id = next_order->request_id;
  send(started);
  EXPECT_TRUE(next.get().success());
}

TEST_F(CommsCalls, StatusComesFromTheTableWhateverTheSupervisorDoes) {
  ipc::NodeRow row;
  row.node_id.assign("n1");
  row.storage_path.assign("/data/n1");
  row.state = NodeState::kBackoff;
  row.port = 50051;
  row.started_at = 1'700'000'000;
  row.restart_count = 3;
  row.probe = 0;
  table_->publish(4, row);
  launch();
  agent::NodeStatusResponse response;
  ASSERT_TRUE(node_status("n1", response).ok());
  EXPECT_EQ(response.status(), "starting");
  EXPECT_EQ(response.pid(), 0U);
  EXPECT_EQ(response.port(), 50051U);
  EXPECT_EQ(response.storage_path(), "/data/n1");
  EXPECT_EQ(response.started_at(), 1'700'000'000U);
  EXPECT_EQ(response.restart_count(), 3U);
  const auto unknown = node_status("n2", response);
  EXPECT_EQ(unknown.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(unknown.error_message(), HasSubstr("n2"));
  grpc::ClientContext context;
  agent::ListNodesResponse list;
  ASSERT_TRUE(agent().ListNodes(&context, {}, &list).ok());
  ASSERT_EQ(list.nodes_size(), 1);
  EXPECT_EQ(list.nodes(0).node_id(), "n1");
}

TEST_F(CommsCalls, TheHealthServiceSaysServing) {
  launch();
  (void)agent();
  EXPECT_EQ(testing::health_of(config_.agent.agent_port, ""), testing::kServing);
  EXPECT_EQ(testing::health_of(config_.agent.agent_port, "agent.GridAgent"), testing::kServing);
}

TEST_F(CommsCalls, APortInUseIsWaitedFor) {
  auto squatter = std::make_unique<testing::RawServer>([](int) {}, config_.agent.agent_port);
  launch();
  EXPECT_TRUE(receive<ipc::Ping>().has_value());  // comms still works meanwhile
  squatter.reset();
  agent::NodeStatusResponse response;
  EXPECT_EQ(node_status("nobody", response).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(CommsCalls, APortThatStaysInUseIsNamedAndEndsCommsWithStatusOne) {
  const testing::RawServer squatter([](int) {}, config_.agent.agent_port);
  ::testing::internal::CaptureStderr();
  launch();
  const auto ended = status();
  const auto log = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(ended, 1);
  EXPECT_THAT(log, HasSubstr("listen on 127.0.0.1:" + std::to_string(config_.agent.agent_port)));
  EXPECT_THAT(log, HasSubstr("choose another agent.agent_port"));
}

TEST_F(CommsCalls, OverPlaintextOnlyTheMastersAddressesMayCall) {
  config_.agent.master_hosts = {
      {"0.0.0.0", testing::free_port()}};  // not a loopback address, though it reaches loopback
  config_.tls.allow_plaintext = true;
  launch();
  agent::NodeStatusResponse response;
  EXPECT_EQ(node_status("n1", response).error_code(), grpc::StatusCode::PERMISSION_DENIED);
  grpc::Status status;
  (void)spawn("n1", {}, 5s, &status);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(status.error_message(), HasSubstr("127.0.0.1"));
}

TEST_F(CommsCalls, AMalformedMessageOfTheSupervisorEndsCommsWithStatusOne) {
  launch();
  ASSERT_TRUE(receive<ipc::Ping>().has_value());
  const std::array<std::byte, 5> nonsense{};
  ASSERT_TRUE(supervisor_->send_bytes(nonsense).ok());
  EXPECT_EQ(status(), 1);
}

TEST_F(CommsCalls, WaitingCallersAreAnsweredWhenCommsEnds) {
  launch();
  grpc::Status status;
  auto answer = spawn_async("n1", 30s, &status);
  ASSERT_TRUE(receive<ipc::StartNode>().has_value());
  send(ipc::Retire{});
  const auto response = answer.get();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_THAT(response.error_message(), HasSubstr("agent is stopping"));
}

}  // namespace
}  // namespace sutra::comms
