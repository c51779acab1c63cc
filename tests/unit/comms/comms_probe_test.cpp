// Readiness and liveness over real sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "tests/support/comms_fixture.h"
#include "tests/support/raw_server.h"

namespace sutra::comms {
namespace {

using ::testing::HasSubstr;
using testing::RawServer;
using namespace std::chrono_literals;

class CommsProbe : public testing::CommsTest {
 protected:
  ipc::NodeRow node(NodeState state, std::uint16_t port) {
    ipc::NodeRow row;
    row.node_id.assign("n1");
    row.state = state;
    row.generation = 5;
    row.pid = 4711;
    row.port = port;
    row.uid = getuid();
    return row;
  }
};

TEST_F(CommsProbe, ANodeThatServesIsReportedReady) {
  launch();
  const auto port = testing::free_port();
  publish(3, node(NodeState::kStarting, port));
  EXPECT_FALSE(receive<ipc::NodeReady>(100ms).has_value());
  const RawServer server([](int) {}, port);
  const auto ready = receive<ipc::NodeReady>();
  ASSERT_TRUE(ready.has_value());
  EXPECT_EQ(ready->node_id.view(), "n1");
  EXPECT_EQ(ready->generation, 5U);
}

TEST_F(CommsProbe, ANodeThatStartedBeforeCommsIsFoundInTheTable) {
  const RawServer server([](int) {});
  table_->publish(0, node(NodeState::kStarting, server.port()));
  launch();
  EXPECT_TRUE(receive<ipc::NodeReady>().has_value());
}

TEST_F(CommsProbe, AListenerOfAnotherUserIsNotTheNode) {
  launch();
  const RawServer server([](int) {});
  auto row = node(NodeState::kStarting, server.port());
  row.uid = getuid() + 1;
  publish(0, row);
  ASSERT_TRUE(testing::eventually([&] { return server.connections() >= 3; }));
  EXPECT_FALSE(receive<ipc::NodeReady>(10ms).has_value());
}

TEST_F(CommsProbe, ARunningNodeThatClosedItsPortIsReportedWithTheCause) {
  launch();
  publish(0, node(NodeState::kRunning, testing::free_port()));
  const auto report = receive<ipc::NodeUnresponsive>();
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->generation, 5U);
  EXPECT_THAT(std::string(report->reason.view()), HasSubstr("3 probes in a row failed"));
  EXPECT_THAT(std::string(report->reason.view()), HasSubstr("Connection refused"));
}

TEST_F(CommsProbe, AServerThatDoesNotAnswerIsReported) {
  config_.monitoring.liveness_send = "PING\r\n";
  config_.monitoring.liveness_expect = "+PONG";
  config_.monitoring.failed_probes_before_restart = 1;
  launch();
  const RawServer hung([](int) {});
  publish(0, node(NodeState::kRunning, hung.port()));
  const auto report = receive<ipc::NodeUnresponsive>();
  ASSERT_TRUE(report.has_value());
  EXPECT_THAT(std::string(report->reason.view()), HasSubstr("expected answer did not come"));
}

TEST_F(CommsProbe, AServerThatAnswersAsExpectedIsNotReported) {
  config_.monitoring.liveness_send = "PING\r\n";
  config_.monitoring.liveness_expect = "+PONG";
  config_.monitoring.failed_probes_before_restart = 1;
  launch();
  const RawServer server([](int fd) {
    std::array<char, 6> ping;
    if (recv(fd, ping.data(), ping.size(), MSG_WAITALL) == 6) (void)::send(fd, "+PONG\r\n", 7, MSG_NOSIGNAL);
  });
  publish(0, node(NodeState::kRunning, server.port()));
  ASSERT_TRUE(testing::eventually([&] { return server.connections() >= 3; }));
  EXPECT_FALSE(receive<ipc::NodeUnresponsive>(10ms).has_value());
}

TEST_F(CommsProbe, ANodeWithoutProbesIsNotProbed) {
  launch();
  const RawServer server([](int) {});
  auto row = node(NodeState::kStarting, server.port());
  row.probe = 0;
  publish(0, row);
  const RawServer other([](int) {});
  row = node(NodeState::kStarting, other.port());
  row.node_id.assign("n2");
  publish(1, row);
  EXPECT_TRUE(receive<ipc::NodeReady>().has_value());
  EXPECT_EQ(server.connections(), 0);
}

}  // namespace
}  // namespace sutra::comms
