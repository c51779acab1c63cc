#include "supervisor/children/comms_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <vector>

#include "ipc/channel.h"
#include "tests/support/fake_starter.h"
#include "tests/support/loop_turns.h"
#include "tests/support/manual_timers.h"
#include "tests/support/temporary_directory.h"

namespace sutra::supervisor {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A keeper that starts no process: the test acts as each comms and decides how it ends.
class CommsKeeperTest : public ::testing::Test {
 protected:
  CommsKeeperTest() {
    auto table = ipc::NodeTableWriter::create(directory_.path() + "/nodes.table", 4);
    EXPECT_TRUE(table.ok());
    table_ = std::move(table).value();
    storage_.uid = 4711;
    keeper_.emplace(
        CommsKeeper::Parts{loop_, timers_, starter_, config_, comms_, storage_, *table_, "/x/comms"},
        CommsKeeper::Callbacks{[this](const ipc::FromComms& message, std::uint64_t epoch) {
                                 requests_.push_back(std::get<ipc::StopNode>(message).request_id);
                                 epochs_.push_back(epoch);
                               },
                               [this](std::optional<core::Nanoseconds> since) { alive_since_ = since; },
                               [this](const std::string& info) { acknowledged_ = info; },
                               [this] { return acknowledged_; }, [this] { ++retired_; }});
  }
  /// Acts as comms: takes comms' end of the channel from the last start.
  void be_comms() { comms_end_.emplace(std::move(starter_.last().extra[0])); }
  template <typename Message>
  void say(const Message& message) {
    ASSERT_TRUE(comms_end_->send(message));
    turn(loop_);
  }
  void say_raw(std::size_t size) {
    const std::vector<std::byte> bytes(size);
    ASSERT_EQ(::send(comms_end_->fd(), bytes.data(), size, MSG_NOSIGNAL), static_cast<ssize_t>(size));
    turn(loop_);
  }
  /// The next message to comms.
  std::optional<ipc::ToComms> hear() {
    const auto received = comms_end_->receive();
    const auto* packet = std::get_if<std::span<const std::byte>>(&received);
    if (packet == nullptr) return {};
    auto message = ipc::decode<ipc::ToComms>(*packet);
    EXPECT_TRUE(message.ok());
    return std::move(message).value();
  }
  template <typename Message>
  bool hears() {
    const auto message = hear();
    return message && std::holds_alternative<Message>(*message);
  }
  /// Comms dies: closes its descriptors and reports its end.
  void comms_ends(const core::Exit& exit, const std::string& why_not_started = {}) {
    comms_end_.reset();
    starter_.end_last(exit, why_not_started);
  }
  /// How long no start follows, to the millisecond; 10 s at most.
  core::Nanoseconds wait_for_the_next() {
    const std::size_t before = starter_.starts.size();
    core::Nanoseconds waited{0};
    timers_.advance(0ms);
    for (; starter_.starts.size() == before && waited < 10s; waited += 1ms) timers_.advance(1ms);
    return waited;
  }
  [[nodiscard]] std::vector<int>& signals() { return starter_.last().signals; }
  static ipc::StopNode request(std::uint64_t id) {
    ipc::StopNode message;
    message.request_id = id;
    message.node_id.assign("n");
    return message;
  }

  test::TemporaryDirectory directory_;
  EventLoop loop_;
  ManualTimers timers_;
  FakeStarter starter_;
  Config config_;
  Account comms_, storage_;
  std::unique_ptr<ipc::NodeTableWriter> table_;
  std::optional<ipc::Channel> comms_end_;
  std::vector<std::uint64_t> requests_, epochs_;
  std::optional<core::Nanoseconds> alive_since_;
  std::string acknowledged_ = "known to the Master";
  int retired_ = 0;
  std::optional<CommsKeeper> keeper_;
};

TEST_F(CommsKeeperTest, StartsCommsAndSendsWelcome) {
  keeper_->start();
  ASSERT_EQ(starter_.starts.size(), 1U);
  EXPECT_EQ(starter_.last().plan.program, "/x/comms");
  EXPECT_EQ(starter_.last().plan.flags & launch::kDieWithParent, launch::kDieWithParent);
  EXPECT_TRUE(starter_.last().extra[1].valid()) << "the node table";
  EXPECT_TRUE(starter_.last().extra[2].valid()) << "the configuration";
  be_comms();
  const auto first = hear();
  ASSERT_TRUE(first);
  const auto& welcome = std::get<ipc::Welcome>(*first);
  EXPECT_EQ(welcome.comms_restarts, 0U);
  EXPECT_EQ(welcome.storage_uid, 4711U);
  EXPECT_EQ(welcome.acknowledged.view(), "known to the Master");
  EXPECT_EQ(keeper_->status().state, ipc::CommsState::kRunning);
  EXPECT_TRUE(keeper_->owns_pid(starter_.last().pid));
  EXPECT_FALSE(keeper_->owns_pid(0));
}

TEST_F(CommsKeeperTest, PassesOnTheLevelOfTheLogWhicheverVariableHoldsIt) {
  setenv("SUTRA_LOG", "warn", 1);
  setenv("RUST_LOG", "debug", 1);
  keeper_->start();
  unsetenv("SUTRA_LOG");
  unsetenv("RUST_LOG");
  EXPECT_THAT(starter_.last().plan.environment,
              ::testing::IsSupersetOf({std::string("SUTRA_LOG=warn"), std::string("RUST_LOG=debug")}));
}

TEST_F(CommsKeeperTest, ReplacesItAtOnceThenWithBackoffUpToFiveSecondsAndNeverGivesUp) {
  timers_.advance(1h);  // the host's uptime does not count as a stable run
  keeper_->start();
  std::vector<core::Nanoseconds> waits;
  for (int i = 0; i < 8; ++i) {
    comms_ends(killed_by(SIGSEGV));
    EXPECT_EQ(keeper_->status().state, ipc::CommsState::kDown);
    waits.push_back(wait_for_the_next());
  }
  EXPECT_THAT(waits, ElementsAre(0ms, 250ms, 500ms, 1s, 2s, 4s, 5s, 5s));
  for (int i = 0; i < 200; ++i) {
    comms_ends(exited(1));
    timers_.advance(5s);
  }
  EXPECT_EQ(starter_.starts.size(), 209U);
  EXPECT_EQ(keeper_->status().restarts, 208U);
}

TEST_F(CommsKeeperTest, AStableRunClearsTheBackoff) {
  keeper_->start();
  for (int i = 0; i < 5; ++i) {
    comms_ends(exited(1));
    (void)wait_for_the_next();
  }
  be_comms();
  for (int i = 0; i < 30; ++i) {
    say(ipc::Ping{});
    timers_.advance(1s);
  }
  comms_ends(exited(1));
  EXPECT_EQ(wait_for_the_next(), 0ms);
}

TEST_F(CommsKeeperTest, AFailedStartIsTriedAgainWithBackoffNeverAtOnce) {
  starter_.refusal = make_error("clone", "child", "no memory");
  keeper_->start();
  EXPECT_EQ(starter_.asked, 1);
  EXPECT_EQ(keeper_->status().state, ipc::CommsState::kDown);
  timers_.advance(249ms);
  EXPECT_EQ(starter_.asked, 1);
  timers_.advance(1ms);
  EXPECT_EQ(starter_.asked, 2);
  timers_.advance(500ms);
  EXPECT_EQ(starter_.asked, 3);
  timers_.advance(60s);
  EXPECT_GE(starter_.asked, 14) << "given up";
  starter_.refusal.reset();
  EXPECT_LE(wait_for_the_next(), 5s);
  be_comms();
  EXPECT_TRUE(hears<ipc::Welcome>());
}

TEST_F(CommsKeeperTest, AFailedExecIsTriedAgain) {
  keeper_->start();
  ::testing::internal::CaptureStderr();
  comms_ends(exited(1), "execute /x/comms: No such file or directory; install the package again");
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("comms was not started: execute /x/comms"));
  EXPECT_EQ(wait_for_the_next(), 0ms);
  EXPECT_EQ(starter_.starts.size(), 2U);
}

TEST_F(CommsKeeperTest, AfterThreeMissedPingsItSendsSigabrtAndASecondLaterSigkill) {
  keeper_->start();
  timers_.advance(4s);
  EXPECT_THAT(signals(), IsEmpty());
  timers_.advance(2s);
  EXPECT_THAT(signals(), ElementsAre(SIGABRT));
  timers_.advance(999ms);
  EXPECT_THAT(signals(), ElementsAre(SIGABRT));
  timers_.advance(1ms);
  EXPECT_THAT(signals(), ElementsAre(SIGABRT, SIGKILL));
  comms_ends(killed_by(SIGKILL));
  EXPECT_EQ(wait_for_the_next(), 0ms);
}

TEST_F(CommsKeeperTest, ACommsThatDiesOfSigabrtGetsNoSigkillAndNeitherDoesItsSuccessor) {
  keeper_->start();
  timers_.advance(6s);
  comms_ends(killed_by(SIGABRT));
  EXPECT_THAT(signals(), ElementsAre(SIGABRT));
  (void)wait_for_the_next();
  be_comms();
  timers_.advance(1s);
  say(ipc::Ping{});
  timers_.advance(3s);
  EXPECT_THAT(signals(), IsEmpty());
}

TEST_F(CommsKeeperTest, ACommsThatPingsGetsNoSignal) {
  keeper_->start();
  be_comms();
  ASSERT_TRUE(hears<ipc::Welcome>());
  for (std::uint64_t i = 0; i < 20; ++i) {
    say(ipc::Ping{i});
    const auto answer = hear();
    ASSERT_TRUE(answer);
    EXPECT_EQ(std::get<ipc::Pong>(*answer).sequence, i);
    timers_.advance(2s);
  }
  EXPECT_THAT(signals(), IsEmpty());
}

TEST_F(CommsKeeperTest, CommsIsAliveFromItsFirstPingUntilItHangsOrIsLost) {
  keeper_->start();
  be_comms();
  timers_.advance(1s);
  EXPECT_EQ(alive_since_, std::nullopt);
  say(ipc::Ping{});
  EXPECT_EQ(alive_since_, 1s);
  timers_.advance(1s);
  say(ipc::Ping{});
  EXPECT_EQ(alive_since_, 1s) << "since its first ping";
  timers_.advance(8s);
  EXPECT_EQ(alive_since_, std::nullopt) << "it is hung";
  say(ipc::Ping{});
  EXPECT_EQ(alive_since_, 10s);
  comms_end_.reset();
  turn(loop_);
  EXPECT_EQ(alive_since_, std::nullopt) << "its channel is closed";
  EXPECT_EQ(signals().back(), SIGKILL);
}

class CommsKeeperViolation : public CommsKeeperTest {
 protected:
  void expect_replaced(const std::string& log) {
    EXPECT_THAT(log, HasSubstr("broke the protocol"));
    EXPECT_THAT(signals(), ElementsAre(SIGKILL));
    EXPECT_EQ(alive_since_, std::nullopt);
    comms_ends(killed_by(SIGKILL));
    (void)wait_for_the_next();
    EXPECT_EQ(keeper_->status().state, ipc::CommsState::kRunning);
  }
};

TEST_F(CommsKeeperViolation, AMalformedOversizedOrUnknownMessageEndsCommsAndIsCounted) {
  keeper_->start();
  const std::vector<std::function<void()>> violations = {
      [this] { say_raw(64); },                   // no header
      [this] { say_raw(ipc::kMaxPacket + 1); },  // too large
      [this] { say(ipc::Reload{}); },            // a verb of the operators' channel
      [this] { say(ipc::Retire{}); },            // a verb of the other direction
  };
  for (std::size_t i = 0; i < violations.size(); ++i) {
    be_comms();
    say(ipc::Ping{});
    ::testing::internal::CaptureStderr();
    violations[i]();
    const std::string log = ::testing::internal::GetCapturedStderr();
    EXPECT_THAT(log, HasSubstr("(" + std::to_string(i + 1) + " so far)"));
    expect_replaced(log);
  }
  EXPECT_THAT(requests_, IsEmpty());
}

TEST_F(CommsKeeperViolation, MessagesAfterAViolationAreIgnored) {
  keeper_->start();
  be_comms();
  say_raw(64);
  (void)comms_end_->send(request(1));
  turn(loop_);
  comms_ends(killed_by(SIGKILL));
  EXPECT_THAT(requests_, IsEmpty());
}

TEST_F(CommsKeeperTest, AnAnswerForAnEarlierCommsNeverReachesTheNext) {
  keeper_->start();
  be_comms();
  say(request(7));
  ASSERT_THAT(requests_, ElementsAre(7U));
  comms_ends(killed_by(SIGKILL));
  (void)wait_for_the_next();
  be_comms();
  ASSERT_TRUE(hears<ipc::Welcome>());
  say(request(7));  // with request ids of its own
  ASSERT_EQ(epochs_.size(), 2U);
  EXPECT_NE(epochs_[0], epochs_[1]);
  keeper_->send(ipc::NodeStopped{}, epochs_[0]);
  EXPECT_FALSE(hear()) << "it got the answer to another one's question";
  keeper_->send(ipc::NodeStopped{}, epochs_[1]);
  EXPECT_TRUE(hears<ipc::NodeStopped>());
}

TEST_F(CommsKeeperTest, MessagesThatCommsSentBeforeItsDeathAreRead) {
  keeper_->start();
  be_comms();
  for (std::uint64_t i = 0; i < 100; ++i) ASSERT_TRUE(comms_end_->send(request(i)));
  comms_ends(exited(0));
  EXPECT_EQ(requests_.size(), 100U);
}

TEST_F(CommsKeeperTest, TheAcknowledgedIdentityIsSentToTheNextComms) {
  keeper_->start();
  be_comms();
  ipc::AgentAcknowledged fact;
  fact.agent_info.assign("new");
  say(fact);
  EXPECT_EQ(acknowledged_, "new");
  comms_ends(exited(0));
  (void)wait_for_the_next();
  be_comms();
  const auto first = hear();
  ASSERT_TRUE(first);
  EXPECT_EQ(std::get<ipc::Welcome>(*first).acknowledged.view(), "new");
  EXPECT_EQ(std::get<ipc::Welcome>(*first).comms_restarts, 1U);
}

TEST_F(CommsKeeperTest, TheLinkStateIsThatOfTheRunningComms) {
  keeper_->start();
  be_comms();
  ipc::LinkChanged link;
  link.state = ipc::LinkState::kConnected;
  link.heartbeats = 5;
  link.last_heartbeat_unix = 1'700'000'000;
  say(link);
  EXPECT_EQ(keeper_->status().link.state, ipc::LinkState::kConnected);
  EXPECT_EQ(keeper_->status().link.heartbeats, 5U);
  comms_ends(exited(0));
  EXPECT_EQ(keeper_->status().link.state, ipc::LinkState::kLost);
  (void)wait_for_the_next();
  EXPECT_EQ(keeper_->status().link.state, ipc::LinkState::kConnecting);
  EXPECT_EQ(keeper_->status().link.heartbeats, 0U);
}

TEST_F(CommsKeeperTest, TheLastHeartbeatIsThatOfWhicheverCommsSentIt) {
  keeper_->start();
  be_comms();
  ipc::LinkChanged link;
  link.last_heartbeat_unix = 1'700'000'000;
  say(link);
  comms_ends(exited(0));
  (void)wait_for_the_next();
  EXPECT_EQ(keeper_->status().link.last_heartbeat_unix, 1'700'000'000U);
  be_comms();
  link.last_heartbeat_unix = 0;  // it has not reached a Master yet
  say(link);
  EXPECT_EQ(keeper_->status().link.last_heartbeat_unix, 1'700'000'000U);
  link.last_heartbeat_unix = 1'700'000'060;
  say(link);
  EXPECT_EQ(keeper_->status().link.last_heartbeat_unix, 1'700'000'060U);
}

TEST_F(CommsKeeperTest, ACommsThatDoesNotReadIsKilled) {
  keeper_->start();
  for (std::uint32_t i = 0; i < 10'000; ++i) keeper_->node_changed(i % 4);
  EXPECT_THAT(signals(), IsEmpty()) << "not from within the call";
  turn(loop_);
  EXPECT_THAT(signals(), ElementsAre(SIGKILL));
}

TEST_F(CommsKeeperTest, RetireSendsTheOrderAndReportsTheEndOnce) {
  keeper_->start();
  be_comms();
  ASSERT_TRUE(hears<ipc::Welcome>());
  keeper_->retire();
  EXPECT_TRUE(hears<ipc::Retire>());
  EXPECT_EQ(keeper_->status().state, ipc::CommsState::kRetiring);
  EXPECT_EQ(retired_, 0);
  comms_end_.reset();  // it closes its channel, and then exits
  turn(loop_);
  EXPECT_THAT(signals(), IsEmpty());
  comms_ends(exited(0));
  EXPECT_EQ(retired_, 1);
  timers_.advance(60s);
  EXPECT_EQ(starter_.starts.size(), 1U) << "it was replaced";
  EXPECT_EQ(retired_, 1);
}

TEST_F(CommsKeeperTest, ACommsThatDoesNotRetireIsKilledAfterFourSeconds) {
  keeper_->start();
  timers_.advance(3s);
  keeper_->retire();
  timers_.advance(3999ms);
  EXPECT_THAT(signals(), IsEmpty()) << "it need not ping any more";
  timers_.advance(1ms);
  EXPECT_THAT(signals(), ElementsAre(SIGKILL));
  EXPECT_EQ(retired_, 0);
  comms_ends(killed_by(SIGKILL));
  EXPECT_EQ(retired_, 1);
}

TEST_F(CommsKeeperTest, RetireDuringABackoffEndsAtOnceAndStartsNoComms) {
  keeper_->start();
  comms_ends(exited(1));
  (void)wait_for_the_next();
  comms_ends(exited(1));
  keeper_->retire();
  EXPECT_EQ(retired_, 1);
  timers_.advance(60s);
  EXPECT_EQ(starter_.starts.size(), 2U);
}

TEST_F(CommsKeeperTest, KillsTheRunningCommsBeforeAReExec) {
  keeper_->kill();  // there is none
  keeper_->start();
  keeper_->kill();
  EXPECT_THAT(signals(), ElementsAre(SIGKILL));
}

}  // namespace
}  // namespace sutra::supervisor
