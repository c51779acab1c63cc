#include "ipc/channel_pump.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <optional>
#include <vector>

#include "ipc/channel.h"
#include "tests/support/loop_turns.h"
#include "tests/unit/ipc/sample_messages.h"

namespace sutra::ipc {
namespace {

using testing::Bytes;
using testing::bytes_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::sample;

StartNode request(std::uint64_t id) {
  StartNode message;
  message.request_id = id;
  message.node_id.assign("n1");
  return message;
}

/// A pump as comms uses it, and the supervisor's end of the channel.
class ChannelPumpTest : public ::testing::Test {
 protected:
  using Pump = ChannelPump<ToComms>;
  struct Told {
    PeerEnd end;
    std::string why;
  };

  ChannelPumpTest() {
    auto pair = Channel::make_pair();
    EXPECT_TRUE(pair.ok());
    peer_.emplace(std::move(pair.value().second));
    pump_.emplace(loop_, std::move(pair.value().first),
                  Pump::Hooks{[this](const ToComms& message) { on_message_(message); },
                              [this](PeerEnd end, const std::string& why) {
                                told_.push_back({end, why});
                                on_end_();
                              }});
  }
  void send_raw(const Bytes& bytes) {
    ASSERT_EQ(::send(peer_->fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  void ping_peer(std::uint64_t first, std::uint64_t count) {
    for (std::uint64_t i = first; i < first + count; ++i) ASSERT_TRUE(peer_->send(Pong{i}).ok());
  }
  /// Reads all messages in the peer's socket.
  void peer_reads() {
    while (true) {
      const auto received = peer_->receive();
      const auto* packet = std::get_if<std::span<const std::byte>>(&received);
      if (packet == nullptr) return;
      const auto message = decode<FromComms>(*packet);
      ASSERT_TRUE(message.ok());
      peer_got_.push_back(std::get<StartNode>(message.value()).request_id);
    }
  }

  /// How often the loop wakes up without any event.
  int turns_in_20_ms() {
    int turns = 0;
    uv_check_t counter;
    uv_check_init(loop_.raw(), &counter);
    counter.data = &turns;
    uv_check_start(&counter, [](uv_check_t* check) { ++*static_cast<int*>(check->data); });
    uv_timer_t end;
    uv_timer_init(loop_.raw(), &end);
    uv_timer_start(
        &end, [](uv_timer_t* timer) { uv_stop(timer->loop); }, 20, 0);
    loop_.run();
    uv_close(reinterpret_cast<uv_handle_t*>(&counter), nullptr);
    uv_close(reinterpret_cast<uv_handle_t*>(&end), nullptr);
    turn(loop_);
    return turns;
  }

  EventLoop loop_;
  std::optional<Channel> peer_;
  std::vector<std::uint64_t> got_, peer_got_;
  std::vector<Told> told_;
  std::function<void(const ToComms&)> on_message_ = [this](const ToComms& message) {
    got_.push_back(std::get<Pong>(message).sequence);
  };
  std::function<void()> on_end_ = [] {};
  std::optional<Pump> pump_;
};

TEST_F(ChannelPumpTest, DeliversMessagesInTheirOrder) {
  ping_peer(0, 10);
  turn(loop_);
  EXPECT_EQ(got_, (std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(ChannelPumpTest, OneLoopIterationDeliversABoundedNumber) {
  ping_peer(0, PacketPump::kPacketsPerTurn + 10);
  turn(loop_);
  EXPECT_EQ(got_.size(), PacketPump::kPacketsPerTurn);
  turn(loop_);
  EXPECT_EQ(got_.size(), PacketPump::kPacketsPerTurn + 10);
}

TEST_F(ChannelPumpTest, SendsQueuedMessagesWhenASlowPeerReads) {
  constexpr std::uint64_t kMessages = 2'000;
  for (std::uint64_t i = 0; i < kMessages; ++i) ASSERT_TRUE(pump_->send(request(i)));
  EXPECT_TRUE(turn_until(loop_, [&] {
    peer_reads();
    return peer_got_.size() == kMessages;
  })) << peer_got_.size();
  for (std::uint64_t i = 0; i < peer_got_.size(); ++i) ASSERT_EQ(peer_got_[i], i);
}

TEST_F(ChannelPumpTest, DoesNotWakeTheLoopWhenIdle) {
  for (std::uint64_t i = 0; i < 1'000; ++i) ASSERT_TRUE(pump_->send(request(i)));
  ASSERT_TRUE(turn_until(loop_, [&] {
    peer_reads();
    return peer_got_.size() == 1'000;
  }));
  EXPECT_LE(turns_in_20_ms(), 3);
}

TEST_F(ChannelPumpTest, DoesNotWakeTheLoopAfterItReportedTheEnd) {
  peer_.reset();
  turn(loop_);
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_LE(turns_in_20_ms(), 3);
}
TEST_F(ChannelPumpTest, ThePeersEndIsReportedOnceAfterItsLastMessages) {
  ping_peer(0, 2);
  peer_.reset();
  for (int i = 0; i < 5; ++i) turn(loop_);
  EXPECT_EQ(got_.size(), 2U);
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].end, PeerEnd::kGone);
  EXPECT_FALSE(pump_->send(StartNode{}));
  for (int i = 0; i < 5; ++i) turn(loop_);
  EXPECT_EQ(told_.size(), 1U);
}

TEST_F(ChannelPumpTest, AnInvalidMessageEndsTheChannelAndNothingIsDeliveredAfterIt) {
  ping_peer(0, 1);
  send_raw(Bytes(100));
  ping_peer(1, 1);
  for (int i = 0; i < 5; ++i) turn(loop_);
  EXPECT_EQ(got_.size(), 1U);
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].end, PeerEnd::kBrokeProtocol);
  EXPECT_FALSE(told_[0].why.empty());
}

TEST_F(ChannelPumpTest, AMessageOfTheOtherDirectionIsInvalid) {
  send_raw(bytes_of(sample<Ping>()));
  turn(loop_);
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].end, PeerEnd::kBrokeProtocol);
}

TEST_F(ChannelPumpTest, AnOversizedOrEmptyPacketBreaksTheProtocol) {
  send_raw(Bytes(kMaxPacket + 1));
  turn(loop_);
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].end, PeerEnd::kBrokeProtocol);
  EXPECT_THAT(told_[0].why, HasSubstr("larger than"));
}

TEST_F(ChannelPumpTest, MayBeDestroyedWhileItDeliversAMessage) {
  on_message_ = [this](const ToComms& message) {
    pump_.reset();
    got_.push_back(std::get<Pong>(message).sequence);
  };
  ping_peer(0, 3);
  for (int i = 0; i < 3; ++i) turn(loop_);
  EXPECT_EQ(got_.size(), 1U);
  EXPECT_THAT(told_, IsEmpty());
  EXPECT_TRUE(std::holds_alternative<Channel::Closed>(peer_->receive())) << "the channel was not closed";
}

TEST_F(ChannelPumpTest, MayBeDestroyedWhileItReportsTheEnd) {
  on_end_ = [this] { pump_.reset(); };
  peer_.reset();
  for (int i = 0; i < 3; ++i) turn(loop_);
  EXPECT_EQ(told_.size(), 1U);
}

TEST_F(ChannelPumpTest, AFailedSendIsReportedFromTheLoopAfterThePeersLastMessages) {
  ping_peer(0, 2);
  peer_.reset();
  EXPECT_FALSE(pump_->send(StartNode{}));
  EXPECT_FALSE(pump_->send(StartNode{}));
  EXPECT_THAT(told_, IsEmpty()) << "told from within send()";
  for (int i = 0; i < 5; ++i) turn(loop_);
  EXPECT_EQ(got_.size(), 2U);
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].end, PeerEnd::kGone);
}

TEST_F(ChannelPumpTest, APeerThatShutItsReadingSideIsGone) {
  ASSERT_EQ(::shutdown(peer_->fd(), SHUT_RD), 0);
  EXPECT_FALSE(pump_->send(StartNode{}));
  for (int i = 0; i < 5; ++i) turn(loop_);
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].end, PeerEnd::kGone);
}

TEST_F(ChannelPumpTest, APeerThatNeverReadsFailsAtTheBound) {
  std::size_t sent = 0;
  while (pump_->send(StartNode{}) && sent < 100'000) ++sent;
  EXPECT_GE(sent, Channel::kMaxQueued);
  EXPECT_LT(sent, 100'000U);
  EXPECT_THAT(told_, IsEmpty());
  for (int i = 0; i < 5; ++i) turn(loop_);
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].end, PeerEnd::kFailed);
  EXPECT_THAT(told_[0].why, HasSubstr("it does not read"));
}

TEST_F(ChannelPumpTest, NothingIsSentAfterALostMessage) {
  std::uint64_t sent = 0;
  while (pump_->send(request(sent)) && sent < 100'000) ++sent;
  peer_reads();  // now there is room
  EXPECT_FALSE(pump_->send(request(sent + 1)));
  for (int i = 0; i < 5; ++i) turn(loop_);
  peer_reads();
  for (std::uint64_t i = 0; i < peer_got_.size(); ++i) ASSERT_EQ(peer_got_[i], i);
}

TEST_F(ChannelPumpTest, RemainingMessagesOfADeadPeerAreDeliveredAtOnce) {
  ping_peer(0, PacketPump::kPacketsPerTurn + 20);
  pump_->read_rest();
  EXPECT_EQ(got_.size(), PacketPump::kPacketsPerTurn + 20);
}

TEST_F(ChannelPumpTest, MayBeDestroyedWhileRemainingMessagesAreDelivered) {
  on_message_ = [this](const ToComms&) {
    got_.push_back(0);
    pump_.reset();
  };
  ping_peer(0, 3);
  pump_->read_rest();
  EXPECT_EQ(got_.size(), 1U);
}

}  // namespace
}  // namespace sutra::ipc
