#include "tests/grid/reference_master.h"

#include <gmock/gmock.h>

#include "tests/grid/callback_threads.h"
#include "tests/grid/master_fixture.h"

namespace sutra::grid_testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST_F(MasterTest, RegistersAnAgentAndAcknowledgesItsHeartbeats) {
  FakeAgent agent;
  const auto registered = enroll("a", agent.endpoint());
  EXPECT_TRUE(registered.success()) << registered.error_message();
  EXPECT_FALSE(registered.master_version().empty());
  const auto acknowledged = beat("a", 0);
  EXPECT_TRUE(acknowledged.acknowledged());
  EXPECT_EQ(acknowledged.timestamp(), 1'700'000'000U);
  EXPECT_TRUE(logged("✅ Agent registered: a (total agents: 1)"));
  EXPECT_TRUE(logged("💓 Heartbeat from a (nodes: 0)"));
}

TEST_F(MasterTest, AnswersAHeartbeatOfAnUnknownAgentWithNotFound) {
  grpc::Status status;
  beat("a", 0, &status);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(MasterTest, RefusesARegistrationThatNamesNoEndpoint) {
  const auto registered = enroll("a", "nowhere");
  EXPECT_FALSE(registered.success());
  EXPECT_THAT(registered.error_message(), HasSubstr("nowhere"));
}

TEST_F(MasterTest, ForgetsAnAgentThatUnregisters) {
  FakeAgent agent;
  enroll("a", agent.endpoint());
  ::grid::AgentId id;
  id.set_agent_id("a");
  ask(&::grid::GridMaster::Stub::UnregisterAgent, id);
  EXPECT_EQ(list().agents_size(), 0);
  EXPECT_TRUE(logged("👋 Agent unregistered: a"));
  EXPECT_EQ(master_.trace("a").unregistrations, 1U);
}

TEST_F(MasterTest, ForwardsASpawnAsItWasSent) {
  FakeAgent agent;
  enroll("a", agent.endpoint());
  const auto spawned = spawn("a");
  ASSERT_TRUE(spawned.success()) << spawned.error_message();
  EXPECT_EQ(spawned.node_id().size(), std::string("node-").size() + 36);
  EXPECT_EQ(spawned.endpoint(), "127.0.0.1:50051");
  const auto order = agent.last_spawn();
  EXPECT_EQ(order.node_id(), spawned.node_id());
  EXPECT_EQ(order.storage_path(), "data");
  EXPECT_EQ(order.memory_limit_mb(), 64U);
  EXPECT_EQ(order.port(), 50051U);
}

TEST_F(MasterTest, StopsANodeThatItSpawnedWithoutBeingToldTheAgent) {
  FakeAgent agent;
  enroll("a", agent.endpoint());
  const auto spawned = spawn("a");
  EXPECT_EQ(node_status(spawned.node_id()).pid(), 4242U);
  const auto stopped = stop("", spawned.node_id());
  EXPECT_TRUE(stopped.success()) << stopped.error_message();
  grpc::Status status;
  node_status(spawned.node_id(), &status);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(MasterTest, PassesOnTheAgentsReasonForAFailure) {
  FakeAgent agent;
  agent.refuse("port 50051 belongs to node n1");
  enroll("a", agent.endpoint());
  const auto spawned = spawn("a");
  EXPECT_FALSE(spawned.success());
  EXPECT_THAT(spawned.error_message(),
              AllOf(HasSubstr("agent a at " + agent.endpoint()), HasSubstr("port 50051 belongs to node n1")));
  const auto stopped = stop("a", "n1");
  EXPECT_FALSE(stopped.success());
  EXPECT_THAT(stopped.error_message(), HasSubstr("port 50051 belongs to node n1"));
  EXPECT_EQ(agent.spawns(), 1) << "a spawn is never retried";
}

TEST_F(MasterTest, SaysWhichAgentCouldNotBeReachedAndWhy) {
  std::string endpoint;
  {
    FakeAgent gone;
    endpoint = gone.endpoint();
  }
  enroll("a", endpoint);
  const auto spawned = spawn("a");
  EXPECT_FALSE(spawned.success());
  EXPECT_THAT(spawned.error_message(), AllOf(HasSubstr("agent a at " + endpoint), HasSubstr("UNAVAILABLE")));
  EXPECT_FALSE(stop("a", "n1").success());
}

TEST_F(MasterTest, RefusesOrdersForAgentsThatAreUnknownOrOffline) {
  EXPECT_THAT(spawn("b").error_message(), HasSubstr("agent b is not registered"));
  EXPECT_THAT(spawn("").error_message(), HasSubstr("no agent_id"));
  FakeAgent agent;
  enroll("a", agent.endpoint());
  elapsed_secs_ = 30;
  const auto spawned = spawn("a");
  EXPECT_FALSE(spawned.success());
  EXPECT_THAT(spawned.error_message(), HasSubstr("offline"));
  EXPECT_FALSE(stop("a", "n1").success());
  EXPECT_EQ(agent.spawns(), 0);
}

TEST_F(MasterTest, ForgetsTheNodesOnARegistrationAndLearnsThemAgain) {
  FakeAgent agent;
  agent.add_node("n1", "running", 11);
  enroll("a", agent.endpoint());
  EXPECT_TRUE(eventually([&] { return agent.lists() >= 1; })) << "asked without an operator's doing";
  EXPECT_EQ(node_status("n1").pid(), 11U);
  FakeAgent other;
  enroll("a", other.endpoint());
  grpc::Status status;
  node_status("n1", &status);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(MasterTest, LearnsItsNodesAgainAfterARestart) {
  FakeAgent agent;
  enroll("a", agent.endpoint());
  const auto spawned = spawn("a");
  const std::string address = master_.address();
  master_.stop();
  ASSERT_TRUE(master_.start(address).ok());
  connect();
  grpc::Status status;
  beat("a", 1, &status);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  enroll("a", agent.endpoint());
  EXPECT_TRUE(stop("", spawned.node_id()).success());
}

TEST_F(MasterTest, AsksTheAgentAgainWhenAHeartbeatsCountChanged) {
  FakeAgent agent;
  enroll("a", agent.endpoint());
  ASSERT_TRUE(eventually([&] { return agent.lists() == 1; }));
  list();  // the second question; none is under way after it
  beat("a", 1);
  EXPECT_TRUE(eventually([&] { return agent.lists() == 3; }));
}

TEST_F(MasterTest, ShowsTheStatusesThatAgentsReportNow) {
  FakeAgent agent;
  agent.add_node("n1", "starting", 11);
  enroll("a", agent.endpoint());
  EXPECT_EQ(list().agents(0).storage_nodes(0).status(), "starting");
  agent.add_node("n1", "running", 11);
  EXPECT_EQ(list().agents(0).storage_nodes(0).status(), "running");
  const auto cluster = ask(&::grid::GridMaster::Stub::GetClusterStatus, ::grid::Empty());
  EXPECT_EQ(cluster.status(), "healthy");
  EXPECT_EQ(cluster.running_storage_nodes(), 1U);
}

TEST_F(MasterTest, AnAgentThatHangsDelaysNoOtherAgent) {
  FakeAgent hung;
  FakeAgent well;
  enroll("hung", hung.endpoint());
  enroll("well", well.endpoint());
  hung.hang(true);
  std::vector<std::thread> waiting;
  for (int i = 0; i < 8; ++i) waiting.emplace_back([this] { spawn("hung"); });
  EXPECT_TRUE(eventually([&] { return hung.spawns() == 8; }));
  EXPECT_TRUE(spawn("well").success());
  EXPECT_TRUE(beat("hung", 0).acknowledged());
  EXPECT_EQ(list().agents_size(), 2);
  hung.hang(false);
  for (auto& thread : waiting) thread.join();
}

TEST_F(MasterTest, StopsWithinASecondWhileAnAgentHangs) {
  FakeAgent hung;
  hung.hang(true);
  enroll("a", hung.endpoint());
  ::grid::SpawnResponse spawned;
  std::thread waiting([&] { spawned = spawn("a"); });
  EXPECT_TRUE(eventually([&] { return hung.spawns() == 1; }));
  const auto begun = std::chrono::steady_clock::now();
  master_.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(1));
  waiting.join();
  EXPECT_FALSE(spawned.success());
  EXPECT_THAT(spawned.error_message(), HasSubstr("CANCELLED"));
}

TEST_F(MasterTest, GivesTheAnswersThatATestSets) {
  FakeAgent agent;
  master_.set_registration_reply("no room");
  EXPECT_EQ(enroll("a", agent.endpoint()).error_message(), "no room");
  master_.set_registration_reply(std::nullopt);
  EXPECT_TRUE(enroll("a", agent.endpoint()).success());
  master_.set_heartbeat_reply(HeartbeatReply::kUnacknowledged);
  EXPECT_FALSE(beat("a", 0).acknowledged());
  master_.set_heartbeat_reply(HeartbeatReply::kNotFound);
  grpc::Status status;
  beat("a", 0, &status);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  master_.set_heartbeat_reply(HeartbeatReply::kHonest);
  EXPECT_TRUE(beat("a", 2).acknowledged());
  const AgentTrace trace = master_.trace("a");
  EXPECT_EQ(trace.registrations, 2U);
  EXPECT_EQ(trace.heartbeats, 3U);
  EXPECT_EQ(trace.beats.back().storage_node_count, 2U);
  EXPECT_LE(trace.beats.front().at, trace.beats.back().at);
}

TEST_F(MasterTest, LogsAgentsThatBecomeDegradedOrOffline) {
  FakeAgent agent;
  enroll("a", agent.endpoint());
  elapsed_secs_ = 15;
  EXPECT_TRUE(eventually([&] { return logged("Agent a is degraded"); }));
  elapsed_secs_ = 30;
  EXPECT_TRUE(eventually([&] { return logged("Agent a is offline"); }));
  beat("a", 0);
  EXPECT_TRUE(eventually([&] { return logged("Agent a is healthy"); }));
}

TEST_F(MasterTest, NamesTheAddressThatIsInUse) {
  ReferenceMaster second;
  const Status started = second.start(master_.address());
  ASSERT_FALSE(started.ok());
  EXPECT_THAT(started.error().message(), AllOf(HasSubstr(master_.address()), HasSubstr("in use")));
  EXPECT_EQ(second.port(), 0);
}

// The agent pings each 4 s between calls; here a little faster, so that too many pings would show within 10 s.
TEST_F(MasterTest, AcceptsKeepalivePingsWithoutClosingTheConnection) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 2100);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 2000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto channel =
      grpc::CreateCustomChannel(master_.address(), grpc::InsecureChannelCredentials(), arguments);
  ASSERT_TRUE(channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10)));
  EXPECT_FALSE(channel->WaitForStateChange(GRPC_CHANNEL_READY,
                                           std::chrono::system_clock::now() + std::chrono::seconds(10)))
      << "the Master closed the connection";
}

}  // namespace
}  // namespace sutra::grid_testing
