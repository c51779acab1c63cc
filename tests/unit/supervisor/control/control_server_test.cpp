#include "supervisor/control/control_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <vector>

#include "ipc/channel.h"
#include "tests/support/loop_turns.h"
#include "tests/support/temporary_directory.h"

namespace sutra::supervisor {
namespace {

using ::testing::HasSubstr;

/// A server that answers every question at once; the clients are on the same thread.
class ControlServerTest : public ::testing::Test {
 protected:
  ControlServerTest() { open(may_operate); }
  void open(ControlServer::PeerCheck allowed) {
    server_.reset();
    auto server = ControlServer::open(
        loop_, path_, {},
        [this](const ipc::FromOperator& message, std::uint64_t client) {
          asked_.push_back(client);
          if (std::holds_alternative<ipc::GetStatus>(message)) server_->send(client, ipc::AgentStatus{});
        },
        std::move(allowed));
    ASSERT_TRUE(server.ok()) << server.error().message();
    server_ = std::move(server).value();
  }
  /// Connects a client; the server accepts or refuses it.
  ipc::Channel connect() {
    auto fd = ipc::Channel::connect(path_);
    EXPECT_TRUE(fd.ok()) << fd.error().message();
    ipc::Channel client(std::move(fd).value());
    turn(loop_);
    return client;
  }
  /// Reads the messages in the client's socket.
  static int take_answers(ipc::Channel& client) {
    int answers = 0;
    while (true) {
      const auto received = client.receive();
      const auto* packet = std::get_if<std::span<const std::byte>>(&received);
      if (packet == nullptr) return answers;
      const auto message = ipc::decode<ipc::ToOperator>(*packet);
      EXPECT_TRUE(message.ok());
      ++answers;
    }
  }
  static bool closed(ipc::Channel& client) {
    const auto received = client.receive();
    return std::holds_alternative<ipc::Channel::Closed>(received);
  }
  bool serves(ipc::Channel& client) {
    if (!client.send(ipc::GetStatus{})) return false;
    int answers = 0;
    return turn_until(
        loop_, [&] { return (answers += take_answers(client)) == 1; }, 100);
  }

  test::TemporaryDirectory directory_;
  std::string path_ = directory_.path() + "/control.sock";
  EventLoop loop_;
  std::vector<std::uint64_t> asked_;
  std::unique_ptr<ControlServer> server_;
};

TEST_F(ControlServerTest, AnswersAllOfFourHundredQuestionsAskedAtOnce) {
  ipc::Channel client = connect();
  constexpr int kQuestions = 400;
  for (int i = 0; i < kQuestions; ++i) ASSERT_TRUE(client.send(ipc::GetStatus{}));
  int answers = 0;
  turn_until(loop_, [&] {
    (void)client.flush();
    // Answers are read only after all questions were sent, so that they fill the socket.
    if (asked_.size() == kQuestions) answers += take_answers(client);
    return answers == kQuestions;
  });
  EXPECT_EQ(asked_.size(), static_cast<std::size_t>(kQuestions));
  EXPECT_EQ(answers, kQuestions);
}

TEST_F(ControlServerTest, TheSocketIsForItsOwnerOnly) {
  struct stat there {};
  ASSERT_EQ(lstat(path_.c_str(), &there), 0);
  EXPECT_TRUE(S_ISSOCK(there.st_mode));
  EXPECT_EQ(there.st_mode & 0777U, 0600U);
}

TEST_F(ControlServerTest, RootAndOurOwnUserMayOperateAndNobodyElse) {
  EXPECT_TRUE(may_operate(0));
  EXPECT_TRUE(may_operate(geteuid()));
  EXPECT_FALSE(may_operate(geteuid() + 1));
  EXPECT_FALSE(may_operate(65534));
}

TEST_F(ControlServerTest, AnotherUserIsDisconnectedBeforeItsMessageIsRead) {
  std::optional<uid_t> seen;
  open([&](uid_t peer) {
    seen = peer;
    return false;
  });
  auto fd = ipc::Channel::connect(path_);
  ASSERT_TRUE(fd.ok());
  ipc::Channel client(std::move(fd).value());
  ASSERT_TRUE(client.send(ipc::GetStatus{}));
  for (int i = 0; i < 3; ++i) turn(loop_);
  EXPECT_EQ(seen, geteuid()) << "the kernel's word for the peer";
  EXPECT_TRUE(asked_.empty());
  EXPECT_TRUE(closed(client));
}

TEST_F(ControlServerTest, OneClientTooManyIsDisconnectedAndTheOthersAreServed) {
  std::vector<ipc::Channel> clients;
  for (std::size_t i = 0; i < ControlServer::kMaxClients; ++i) clients.push_back(connect());
  ipc::Channel one_more = connect();
  EXPECT_TRUE(closed(one_more));
  EXPECT_TRUE(serves(clients.front()));
  EXPECT_TRUE(serves(clients.back()));
  clients.pop_back();
  turn(loop_);
  ipc::Channel next = connect();
  EXPECT_TRUE(serves(next)) << "there is room again";
}

TEST_F(ControlServerTest, AClientThatDoesNotReadIsDisconnectedAndTheOthersAreServed) {
  ipc::Channel deaf = connect();
  ipc::Channel other = connect();
  ::testing::internal::CaptureStderr();
  const bool ended = turn_until(loop_, [&] { return !deaf.send(ipc::GetStatus{}); });
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_TRUE(ended) << "asked " << asked_.size();
  EXPECT_GE(asked_.size(), ipc::Channel::kMaxQueued);
  EXPECT_THAT(log, HasSubstr("it does not read"));
  EXPECT_TRUE(serves(other));
}

TEST_F(ControlServerTest, AClientThatBreaksTheProtocolIsDisconnectedAndTheOthersAreServed) {
  ipc::Channel rude = connect();
  ipc::Channel other = connect();
  ::testing::internal::CaptureStderr();
  ASSERT_TRUE(rude.send(ipc::Ping{}));  // a verb of the other channel
  turn(loop_);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("a client of the control socket broke the protocol"));
  EXPECT_TRUE(asked_.empty());
  EXPECT_TRUE(closed(rude));
  EXPECT_TRUE(serves(other));
}

TEST_F(ControlServerTest, AnAnswerForAClientThatWentAwayIsDropped) {
  std::uint64_t gone = 0;
  {
    ipc::Channel client = connect();
    ASSERT_TRUE(client.send(ipc::Reload{}));
    ASSERT_TRUE(turn_until(
        loop_, [&] { return asked_.size() == 1; }, 10));
    gone = asked_.front();
  }
  server_->send(gone, ipc::Done{});  // the server has not noticed it yet
  for (int i = 0; i < 3; ++i) turn(loop_);
  EXPECT_EQ(server_->client_fd(gone), -1);
  server_->send(gone, ipc::Done{});
}

TEST_F(ControlServerTest, BindsAgainWhenTheSocketFileWasRemovedAndStillServesConnectedClients) {
  ipc::Channel before = connect();
  ASSERT_EQ(unlink(path_.c_str()), 0);
  ::testing::internal::CaptureStderr();
  server_->keep_bound();
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr(path_));
  ipc::Channel after = connect();
  EXPECT_TRUE(serves(after));
  EXPECT_TRUE(serves(before));
}

TEST_F(ControlServerTest, DoesNotBindAgainWhileTheSocketFileExists) {
  const int listener = server_->listener_fd();
  server_->keep_bound();
  EXPECT_EQ(server_->listener_fd(), listener);
}

TEST_F(ControlServerTest, UsesAListenerAndAClientThatWereHandedOver) {
  ipc::Channel client = connect();
  ASSERT_TRUE(client.send(ipc::Reload{}));
  ASSERT_TRUE(turn_until(
      loop_, [&] { return asked_.size() == 1; }, 10));
  UniqueFd listener(dup(server_->listener_fd()));
  UniqueFd connection(dup(server_->client_fd(asked_.front())));
  server_.reset();
  auto again = ControlServer::open(loop_, path_, std::move(listener), [](const auto&, std::uint64_t) {});
  ASSERT_TRUE(again.ok());
  server_ = std::move(again).value();
  server_->send(server_->adopt(std::move(connection)), ipc::Done{});
  EXPECT_EQ(take_answers(client), 1);
  EXPECT_TRUE(ipc::Channel::connect(path_).ok());
}

TEST_F(ControlServerTest, RefusesAPathThatNoSocketCanHave) {
  const auto refused =
      ControlServer::open(loop_, "/" + std::string(200, 'p'), {}, [](const auto&, std::uint64_t) {});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), HasSubstr("choose a shorter agent.runtime_dir"));
}

}  // namespace
}  // namespace sutra::supervisor
