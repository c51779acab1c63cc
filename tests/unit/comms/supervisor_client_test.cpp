#include "comms/supervisor_client.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "ipc/channel.h"
#include "ipc/codec.h"

namespace sutra::comms {
namespace {

using namespace std::chrono_literals;

/// A client with its own loop, whose workers answer as the test decides, and the supervisor's end of the channel.
class SupervisorClientTest : public ::testing::Test {
 protected:
  SupervisorClientTest() {
    auto pair = ipc::Channel::make_pair();
    EXPECT_TRUE(pair.ok());
    supervisor_.emplace(std::move(pair.value().first));
    client_.emplace(loop_, std::move(pair.value().second),
                    SupervisorClient::Hooks{[](const ipc::ToComms&) {},
                                            [this](bool orderly) {
                                              gone_.push_back(orderly);
                                              loop_.stop();
                                            },
                                            [this](std::function<void()> alive) {
                                              questions_.push_back(std::move(alive));
                                              on_question_();
                                            }});
  }
  /// Runs the loop until `condition` holds; false when it did not in time.
  bool run_until(const std::function<bool()>& condition, std::chrono::milliseconds patience) {
    const auto deadline = Clock::now() + patience;
    while (!condition() && Clock::now() < deadline) {
      Timer tick(loop_, [this] { loop_.stop(); });
      tick.after(10ms);
      loop_.run();
      count_pings();
    }
    return condition();
  }
  void count_pings() {
    while (true) {
      const auto received = supervisor_->receive();
      const auto* bytes = std::get_if<std::span<const std::byte>>(&received);
      if (bytes == nullptr) return;
      const auto message = ipc::decode<ipc::FromComms>(*bytes);
      if (message.ok() && std::holds_alternative<ipc::Ping>(message.value())) ++pings_;
    }
  }

  EventLoop loop_;
  std::optional<ipc::Channel> supervisor_;
  std::vector<std::function<void()>> questions_;
  std::function<void()> on_question_ = [] {};
  int pings_ = 0;
  std::vector<bool> gone_;  ///< orderly, or not
  std::optional<SupervisorClient> client_;
};

TEST_F(SupervisorClientTest, APingGoesOutOnlyAfterTheWorkersAnswered) {
  ASSERT_TRUE(run_until([&] { return questions_.size() == 2; }, 10s));
  EXPECT_EQ(pings_, 0) << "pings although the workers hang";
  questions_.back()();
  EXPECT_TRUE(run_until([&] { return pings_ == 1; }, 5s));
}

TEST_F(SupervisorClientTest, ADroppedQuestionToTheWorkersIsAskedAgain) {
  on_question_ = [this] {
    if (questions_.size() >= 2) questions_.back()();  // the first is never answered
  };
  EXPECT_TRUE(run_until([&] { return pings_ == 1; }, 10s));
}

TEST_F(SupervisorClientTest, ASupervisorThatClosesIsReportedOnceAsAnOrderlyEnd) {
  supervisor_.reset();
  loop_.run();
  EXPECT_EQ(gone_, std::vector<bool>{true});
  EXPECT_FALSE(client_->send(ipc::Ping{1}));
  EXPECT_EQ(gone_.size(), 1U);
}

TEST_F(SupervisorClientTest, AnInvalidMessageIsNotAnOrderlyEnd) {
  ASSERT_TRUE(supervisor_->send(ipc::Reload{}));  // the operators' verb
  loop_.run();
  EXPECT_EQ(gone_, std::vector<bool>{false});
}

}  // namespace
}  // namespace sutra::comms
