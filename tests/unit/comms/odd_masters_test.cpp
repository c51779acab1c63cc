// Masters that are other programs or broken: comms must log the reason and try again.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <string>

#include "grid.grpc.pb.h"
#include "tests/support/comms_fixture.h"
#include "tests/support/raw_server.h"

namespace sutra::comms {
namespace {

using ::testing::AnyOf;
using testing::eventually;
using ::testing::HasSubstr;
using testing::RawServer;
using namespace std::chrono_literals;

class OddMaster : public testing::CommsTest {
 protected:
  /// Runs comms until it tried the Master twice; returns its log.
  std::string log_of_two_attempts(const std::function<bool()>& tried_twice) {
    ::testing::internal::CaptureStderr();
    launch();
    const bool tried = eventually(tried_twice);
    const int ended = hang_up();
    const auto log = ::testing::internal::GetCapturedStderr();
    EXPECT_TRUE(tried) << log;
    EXPECT_EQ(ended, 0) << log;
    return log;
  }
  std::string log_against(const std::function<void(int)>& serve, int connections = 2) {
    RawServer server(serve);
    master_at({server.port()});
    const auto log = log_of_two_attempts([&] { return server.connections() >= connections; });
    EXPECT_THAT(log, HasSubstr("Cannot connect to Master at 127.0.0.1:" + std::to_string(server.port())));
    return log;
  }
  static void say(int fd, std::string_view bytes) {
    (void)::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
};

TEST_F(OddMaster, ThatSpeaksHttp1IsReportedAsSuch) {
  const auto log = log_against([](int fd) {
    say(fd, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    shutdown(fd, SHUT_WR);
  });
  EXPECT_THAT(log, HasSubstr("HTTP/1")) << log;
}

TEST_F(OddMaster, ThatSendsGarbageIsTriedAgain) {
  const auto log = log_against([](int fd) { say(fd, std::string(4096, '\xa5')); });
  EXPECT_THAT(log, HasSubstr("gRPC")) << log;
}

TEST_F(OddMaster, ThatAcceptsAndClosesIsTriedAgain) {
  const auto log = log_against([](int fd) { shutdown(fd, SHUT_RDWR); });
  EXPECT_THAT(log, HasSubstr("closed")) << log;
}

TEST_F(OddMaster, ThatAcceptsAndSendsNothingIsTriedAgain) {
  // gRPC itself tries a second time before it reports the first failure.
  const auto log = log_against([](int) {}, 3);
  EXPECT_THAT(log, HasSubstr("says nothing")) << log;
}

TEST_F(OddMaster, ThatDoesNotListenIsReportedAsSuch) {
  ::testing::internal::CaptureStderr();
  launch();
  const bool said = receive<ipc::Ping>().has_value() && receive<ipc::Ping>().has_value();
  const int ended = hang_up();
  const auto log = ::testing::internal::GetCapturedStderr();
  EXPECT_TRUE(said);
  EXPECT_EQ(ended, 0);
  EXPECT_THAT(log, HasSubstr("connection refused")) << log;
}

/// Answers as the test decides; it may leave a heartbeat unanswered.
class BentMaster : public grid::GridMaster::CallbackService {
 public:
  BentMaster() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 2000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~BentMaster() override { server_->Shutdown(std::chrono::system_clock::now() + 100ms); }

  grpc::ServerUnaryReactor* RegisterAgent(grpc::CallbackServerContext* context, const grid::AgentInfo*,
                                          grid::RegistrationResponse* response) override {
    ++registrations;
    response->set_success(true);
    response->set_master_version(version);
    return ok(context);
  }
  grpc::ServerUnaryReactor* Heartbeat(grpc::CallbackServerContext* context, const grid::HeartbeatRequest*,
                                      grid::HeartbeatResponse* response) override {
    const int number = ++beats;
    if (number > answered_beats) return new Unanswered;
    response->set_acknowledged(acknowledge);
    return ok(context);
  }

  std::string version = "1";
  std::atomic<int> registrations{0}, beats{0}, answered_beats{1'000'000};
  std::atomic<bool> acknowledge{true};
  [[nodiscard]] int port() const { return port_; }

 private:
  class Unanswered : public grpc::ServerUnaryReactor {
    void OnCancel() override { Finish(grpc::Status::CANCELLED); }
    void OnDone() override { delete this; }
  };
  static grpc::ServerUnaryReactor* ok(grpc::CallbackServerContext* context) {
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(OddMaster, ThatNeverAnswersAHeartbeatIsNoticedWithinTwoIntervals) {
  BentMaster master;
  master.answered_beats = 2;
  master_at({master.port()});
  ::testing::internal::CaptureStderr();
  launch();
  ASSERT_TRUE(eventually([&] { return master.beats >= 2; }));
  const auto last_answer = std::chrono::steady_clock::now();
  auto link = receive<ipc::LinkChanged>();
  while (link && link->state != ipc::LinkState::kLost) link = receive<ipc::LinkChanged>();
  const auto noticed = std::chrono::steady_clock::now() - last_answer;
  EXPECT_TRUE(link.has_value());
  EXPECT_EQ(hang_up(), 0);
  const auto log = ::testing::internal::GetCapturedStderr();
  EXPECT_LT(noticed, 2100ms);
  EXPECT_THAT(log, HasSubstr("❌ Heartbeat failed: no answer in time"));
  EXPECT_THAT(log, HasSubstr("⚠️  Connection to Master lost, will retry..."));
}

TEST_F(OddMaster, ThatAnswersTenMegabytesIsReportedAsSuch) {
  BentMaster master;
  master.version = std::string(10 << 20, 'v');
  master_at({master.port()});
  const auto log = log_of_two_attempts([&] { return master.registrations >= 2; });
  EXPECT_THAT(log, HasSubstr("the answer is larger than a Master's answers are"));
  EXPECT_LT(log.size(), 10000U);
}

TEST_F(OddMaster, ThatForgetsEachRegistrationIsCalledWithBackoff) {
  BentMaster master;
  master.acknowledge = false;
  master_at({master.port()});
  const auto log = log_of_two_attempts([&] { return master.registrations >= 2; });
  EXPECT_LE(master.registrations, 3);
  EXPECT_THAT(log, HasSubstr("although it just registered it"));
}

TEST_F(OddMaster, ThatIsAnotherGrpcServerIsReportedAsSuch) {
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  grid::GridMaster::Service unimplemented;
  builder.RegisterService(&unimplemented);
  const auto server = builder.BuildAndStart();
  master_at({port});
  ::testing::internal::CaptureStderr();
  launch();
  const bool told = receive<ipc::Ping>().has_value() && receive<ipc::Ping>().has_value();
  EXPECT_EQ(hang_up(), 0);
  const auto log = ::testing::internal::GetCapturedStderr();
  EXPECT_TRUE(told);
  EXPECT_THAT(log, HasSubstr("not a Grid Master"));
}

}  // namespace
}  // namespace sutra::comms
