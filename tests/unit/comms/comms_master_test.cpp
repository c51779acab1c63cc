// Comms and a well-behaved Master, over loopback.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/grid/reference_master.h"
#include "tests/support/comms_fixture.h"

namespace sutra::comms {
namespace {

using grid_testing::AgentTrace;
using grid_testing::ReferenceMaster;
using testing::CommsTest;
using ::testing::HasSubstr;
using testing::kPatience;
using namespace std::chrono_literals;

class CommsAndMaster : public CommsTest {
 protected:
  void SetUp() override {
    ASSERT_TRUE(master_.start("127.0.0.1:0").ok());
    master_at({master_.port()});
  }
  bool sees(const std::function<bool(const AgentTrace&)>& condition) {
    return master_.wait("agent-1", condition, kPatience);
  }
  bool sees_beats(std::uint64_t count) {
    return sees([count](const AgentTrace& trace) { return trace.heartbeats >= count; });
  }
  ReferenceMaster master_;
};

TEST_F(CommsAndMaster, RegistersSendsHeartbeatsAndTellsTheSupervisor) {
  launch();
  const auto acknowledged = receive<ipc::AgentAcknowledged>();
  ASSERT_TRUE(acknowledged.has_value());
  EXPECT_EQ(acknowledged->agent_info.view(), identity_text());
  const auto link = receive<ipc::LinkChanged>();
  ASSERT_TRUE(link.has_value());
  EXPECT_EQ(link->state, ipc::LinkState::kConnected);
  EXPECT_EQ(link->address.view(), master_.address());
  ASSERT_TRUE(sees_beats(2));
  const auto trace = master_.trace("agent-1");
  EXPECT_EQ(trace.registrations, 1U);
  EXPECT_EQ(trace.last_info.hostname(), "host-1");
  EXPECT_EQ(trace.last_info.platform(), "desktop");
  EXPECT_EQ(trace.last_info.max_storage_nodes(), 8U);
  EXPECT_EQ(trace.last_info.agent_endpoint(), "127.0.0.1:" + std::to_string(config_.agent.agent_port));
}

TEST_F(CommsAndMaster, EveryHeartbeatIsToldToTheSupervisor) {
  launch();
  std::uint64_t told = 0;
  while (told < 3) {
    const auto link = receive<ipc::LinkChanged>();
    ASSERT_TRUE(link.has_value());
    ASSERT_LE(link->heartbeats, told + 1) << "one was left out";
    EXPECT_EQ(link->last_heartbeat_unix != 0, link->heartbeats != 0);
    told = link->heartbeats;
  }
}

TEST_F(CommsAndMaster, AnAbsentMasterIsToldToTheSupervisorWithTheCause) {
  master_.stop();
  launch();
  const auto link = receive<ipc::LinkChanged>();
  ASSERT_TRUE(link.has_value());
  EXPECT_EQ(link->state, ipc::LinkState::kConnecting);
  EXPECT_THAT(std::string(link->cause.view()), HasSubstr("connection refused"));
  EXPECT_GE(link->next_try_unix, link->away_since_unix + 4);
  EXPECT_LE(link->next_try_unix, link->away_since_unix + 8);
}

TEST_F(CommsAndMaster, CountsNodesWithALiveProcess) {
  ipc::NodeRow row;
  row.node_id.assign("n1");
  row.state = NodeState::kRunning;
  row.pid = 1234;
  row.probe = 0;
  table_->publish(2, row);
  row.node_id.assign("n2");
  row.state = NodeState::kBackoff;
  row.pid = 0;
  table_->publish(5, row);
  launch();
  ASSERT_TRUE(sees_beats(1));
  EXPECT_EQ(master_.trace("agent-1").beats.front().storage_node_count, 1U);
}

TEST_F(CommsAndMaster, ACommsThatReplacesAnotherSendsAHeartbeatFirst) {
  launch();
  ASSERT_TRUE(receive<ipc::AgentAcknowledged>().has_value());
  ASSERT_TRUE(sees_beats(1));
  const auto before = master_.trace("agent-1").heartbeats;
  launch(identity_text());
  ASSERT_TRUE(sees_beats(before + 2));
  EXPECT_EQ(master_.trace("agent-1").registrations, 1U) << "the Master forgot its nodes for nothing";
  EXPECT_FALSE(receive<ipc::AgentAcknowledged>(10ms).has_value()) << "nothing changed";
}

TEST_F(CommsAndMaster, AKnownIdentityThatTheMasterForgotIsRegistered) {
  launch(identity_text());
  ASSERT_TRUE(sees_beats(2));
  const auto trace = master_.trace("agent-1");
  EXPECT_EQ(trace.registrations, 1U);
  EXPECT_LT(trace.beats.front().at, trace.registered_at.front()) << "it did not send a heartbeat first";
}

TEST_F(CommsAndMaster, AnotherIdentityThanTheAcknowledgedOneRegistersFirst) {
  launch("something else");
  ASSERT_TRUE(sees_beats(1));
  const auto trace = master_.trace("agent-1");
  EXPECT_LT(trace.registered_at.front(), trace.beats.front().at);
}

TEST_F(CommsAndMaster, NotFoundMeansRegisterAgainAtOnce) {
  launch();
  ASSERT_TRUE(sees_beats(2));
  master_.set_heartbeat_reply(grid_testing::HeartbeatReply::kNotFound);
  ASSERT_TRUE(sees([](const AgentTrace& trace) { return trace.registrations >= 2; }));
  master_.set_heartbeat_reply(grid_testing::HeartbeatReply::kHonest);
  const auto trace = master_.trace("agent-1");
  EXPECT_LT(trace.registered_at[1] - trace.beats.back().at, 500ms);
}

TEST_F(CommsAndMaster, ARestartedMasterIsFoundAgain) {
  launch();
  ASSERT_TRUE(sees_beats(2));
  const auto address = master_.address();
  master_.stop();
  ASSERT_TRUE(master_.start(address).ok());
  ASSERT_TRUE(sees([](const AgentTrace& trace) { return trace.registrations == 2; }));
}

TEST_F(CommsAndMaster, ARefusedRegistrationIsShownAndTriedAgain) {
  ::testing::internal::CaptureStderr();
  master_.set_registration_reply("this grid is full");
  launch();
  ASSERT_TRUE(sees([](const AgentTrace& trace) { return trace.registrations >= 1; }));
  master_.set_registration_reply(std::nullopt);
  const bool beaten = sees_beats(1);
  EXPECT_EQ(hang_up(), 0);
  const auto log = ::testing::internal::GetCapturedStderr();
  EXPECT_TRUE(beaten);
  EXPECT_THAT(log, HasSubstr("refused the registration: this grid is full"));
}

TEST_F(CommsAndMaster, AnUnreachableFirstMasterIsSkipped) {
  master_at({testing::free_port(), master_.port()});
  launch();
  ASSERT_TRUE(sees_beats(1));
}

TEST_F(CommsAndMaster, RetireUnregistersAndEndsWithZero) {
  launch();
  ASSERT_TRUE(sees_beats(1));
  send(ipc::Retire{});
  EXPECT_EQ(status(), 0);
  EXPECT_EQ(master_.trace("agent-1").unregistrations, 1U);
}

TEST_F(CommsAndMaster, TheEndOfTheSupervisorEndsCommsWithoutUnregistering) {
  launch();
  ASSERT_TRUE(sees_beats(1));
  EXPECT_EQ(hang_up(), 0);
  EXPECT_EQ(master_.trace("agent-1").unregistrations, 0U);
}

TEST_F(CommsAndMaster, HeartbeatsAreOnTimeUnderManyCalls) {
  launch();
  ASSERT_TRUE(sees_beats(1));
  std::atomic<bool> stop{false};
  (void)agent();
  std::thread caller([&] {
    agent::NodeStatusResponse response;
    while (!stop) (void)node_status("nobody", response);
  });
  const bool enough = sees_beats(6);
  stop = true;
  caller.join();
  ASSERT_TRUE(enough);
  const auto beats = master_.trace("agent-1").beats;
  for (std::size_t i = 1; i < beats.size(); ++i) EXPECT_LT(beats[i].at - beats[i - 1].at, 1500ms);
}

TEST_F(CommsAndMaster, CommsSendsPings) {
  launch();
  EXPECT_TRUE(receive<ipc::Ping>().has_value());
  EXPECT_TRUE(receive<ipc::Ping>(5s).has_value());
}

}  // namespace
}  // namespace sutra::comms
