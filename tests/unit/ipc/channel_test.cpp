#include "ipc/channel.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <csignal>

#include "tests/support/temporary_directory.h"
#include "tests/unit/ipc/sample_messages.h"

namespace sutra::ipc {
namespace {

using testing::Bytes;
using testing::bytes_of;
using ::testing::HasSubstr;
using testing::sample;

class ChannelTest : public ::testing::Test {
 protected:
  ChannelTest() : pair_(Channel::make_pair()) {
    EXPECT_TRUE(pair_.ok());
    raw_ = std::move(pair_.value().second);
    channel_.emplace(std::move(pair_.value().first));
  }

  // What the peer of `raw_` gets next; empty when there is nothing.
  Bytes take_raw() {
    Bytes bytes(kMaxPacket + 1);
    const ssize_t got = ::recv(raw_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return bytes;
  }
  void send_raw(const Bytes& bytes) {
    ASSERT_EQ(::send(raw_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }

  Result<std::pair<UniqueFd, UniqueFd>> pair_;
  UniqueFd raw_;
  std::optional<Channel> channel_;
};

Bytes received(const Channel::Received& what) {
  const auto* packet = std::get_if<std::span<const std::byte>>(&what);
  return packet == nullptr ? Bytes() : Bytes(packet->begin(), packet->end());
}
std::string refused(const Channel::Received& what) {
  const auto* error = std::get_if<Error>(&what);
  return error == nullptr ? "no error" : error->message();
}

TEST_F(ChannelTest, BothEndsAreCloseOnExecAndNonBlocking) {
  for (const int fd : {channel_->fd(), raw_.get()}) {
    EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_NE(::fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
  }
}

TEST_F(ChannelTest, NothingToReadIsEmpty) {
  EXPECT_TRUE(std::holds_alternative<Channel::Empty>(channel_->receive()));
}

TEST_F(ChannelTest, MessagesKeepTheirBoundaries) {
  const auto packets = testing::all_packets();
  for (const Bytes& packet : packets) send_raw(packet);
  for (const Bytes& packet : packets) EXPECT_EQ(received(channel_->receive()), packet);
  EXPECT_TRUE(std::holds_alternative<Channel::Empty>(channel_->receive()));
}

TEST_F(ChannelTest, AMessageSentIsThePacketReceived) {
  ASSERT_TRUE(channel_->send(sample<NodeStarted>()).ok());
  EXPECT_FALSE(channel_->wants_write());
  EXPECT_EQ(take_raw(), bytes_of(sample<NodeStarted>()));
}

TEST_F(ChannelTest, ThePeersLastMessagesAreReadBeforeItsEnd) {
  send_raw(bytes_of(sample<Ping>()));
  raw_.reset();
  EXPECT_EQ(received(channel_->receive()), bytes_of(sample<Ping>()));
  EXPECT_TRUE(std::holds_alternative<Channel::Closed>(channel_->receive()));
  EXPECT_TRUE(std::holds_alternative<Channel::Closed>(channel_->receive()));
}

TEST_F(ChannelTest, ThePeersLastMessagesAreReadEvenIfItReadNothing) {
  ASSERT_TRUE(channel_->send(sample<Pong>()).ok());
  send_raw(bytes_of(sample<Ping>()));
  raw_.reset();
  EXPECT_EQ(received(channel_->receive()), bytes_of(sample<Ping>()));
  EXPECT_TRUE(std::holds_alternative<Channel::Closed>(channel_->receive()));
}

TEST_F(ChannelTest, SendingToAClosedPeerFailsWithoutASignal) {
  struct sigaction deadly {};
  struct sigaction before {};
  deadly.sa_handler = SIG_DFL;
  ASSERT_EQ(::sigaction(SIGPIPE, &deadly, &before), 0);
  raw_.reset();
  const Status sent = channel_->send(sample<Pong>());
  ::sigaction(SIGPIPE, &before, nullptr);
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().errnum, EPIPE);
}

TEST_F(ChannelTest, ASlowPeerGetsEverythingInOrder) {
  std::uint64_t sent = 0;
  while (!channel_->wants_write()) {
    ASSERT_LT(sent, 100'000U);
    ASSERT_TRUE(channel_->send(Pong{.sequence = sent++}).ok());
  }
  for (int more = 0; more < 100; ++more) ASSERT_TRUE(channel_->send(Pong{.sequence = sent++}).ok());
  for (std::uint64_t expected = 0; expected < sent; ++expected) {
    Bytes packet = take_raw();
    if (packet.empty()) {
      ASSERT_TRUE(channel_->flush().ok());
      packet = take_raw();
    }
    ASSERT_EQ(packet, bytes_of(Pong{.sequence = expected}));
  }
  ASSERT_TRUE(channel_->flush().ok());
  EXPECT_FALSE(channel_->wants_write());
  EXPECT_TRUE(take_raw().empty());
}

TEST_F(ChannelTest, APeerThatNeverReadsIsAnErrorAtTheBound) {
  std::uint64_t accepted = 0;
  while (!channel_->wants_write()) {
    ASSERT_TRUE(channel_->send(sample<NodeStarted>()).ok());
    ASSERT_LT(++accepted, 100'000U);
  }
  for (std::size_t queued = 1; queued < Channel::kMaxQueued; ++queued) {
    ASSERT_TRUE(channel_->send(sample<Pong>()).ok()) << queued;
  }
  const Status refusal = channel_->send(sample<Pong>());
  ASSERT_FALSE(refusal.ok());
  EXPECT_THAT(refusal.error().message(), HasSubstr("4096 packets wait for it: it does not read"));
}

TEST_F(ChannelTest, FlushingToAClosedPeerFails) {
  while (!channel_->wants_write()) ASSERT_TRUE(channel_->send(sample<NodeStarted>()).ok());
  raw_.reset();
  EXPECT_FALSE(channel_->flush().ok());
}

TEST_F(ChannelTest, APacketOfTheLargestSizePassesAndOneByteMoreIsAnError) {
  send_raw(Bytes(kMaxPacket));
  send_raw(Bytes(kMaxPacket + 1));
  send_raw(Bytes(3 * kMaxPacket));
  EXPECT_EQ(received(channel_->receive()).size(), kMaxPacket);
  EXPECT_THAT(refused(channel_->receive()), HasSubstr("larger than 8192 bytes"));
  EXPECT_THAT(refused(channel_->receive()), HasSubstr("larger than 8192 bytes"));
}

TEST_F(ChannelTest, SendingAnOversizedOrEmptyPacketIsAnError) {
  EXPECT_FALSE(channel_->send_bytes(Bytes(kMaxPacket + 1)).ok());
  EXPECT_FALSE(channel_->send_bytes({}).ok());
  EXPECT_TRUE(take_raw().empty());
}

TEST_F(ChannelTest, AnEmptyPacketIsAnErrorAndNotTheEnd) {
  send_raw({});
  EXPECT_THAT(refused(channel_->receive()), HasSubstr("the packet is empty"));
  send_raw(bytes_of(sample<Ping>()));
  EXPECT_EQ(received(channel_->receive()), bytes_of(sample<Ping>()));
}

void send_with_descriptor(int socket, const Bytes& packet, int passed) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  Bytes copy = packet;
  iovec body{.iov_base = copy.data(), .iov_len = copy.size()};
  msghdr message{};
  message.msg_iov = &body;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &passed, sizeof passed);
  ASSERT_EQ(::sendmsg(socket, &message, MSG_NOSIGNAL), static_cast<ssize_t>(copy.size()));
}

TEST_F(ChannelTest, AReceivedDescriptorIsAnErrorAndIsClosed) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  send_with_descriptor(raw_.get(), bytes_of(sample<Ping>()), write_end.get());
  write_end.reset();
  char byte = 0;
  ASSERT_EQ(::read(read_end.get(), &byte, 1), -1) << "the packet holds the pipe open";
  ASSERT_EQ(errno, EAGAIN);

  EXPECT_THAT(refused(channel_->receive()), HasSubstr("carries descriptors"));
  EXPECT_EQ(::read(read_end.get(), &byte, 1), 0) << "nobody may hold the write end any more";
}

TEST(ChannelConnect, ReachesAListener) {
  const test::TemporaryDirectory directory;
  const std::string path = directory.path() + "/control.sock";
  const UniqueFd listener(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path.size(), sizeof address.sun_path);
  std::memcpy(address.sun_path, path.data(), path.size());
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener.get(), 4), 0);

  auto fd = Channel::connect(path);
  ASSERT_TRUE(fd.ok()) << fd.error().message();
  EXPECT_NE(::fcntl(fd.value().get(), F_GETFD) & FD_CLOEXEC, 0);
  Channel tool(std::move(fd).value());
  Channel agent(UniqueFd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)));
  ASSERT_TRUE(tool.send(GetStatus{}).ok());
  EXPECT_EQ(received(agent.receive()), bytes_of(GetStatus{}));
}

TEST(ChannelConnect, SaysThatNobodyListens) {
  const test::TemporaryDirectory directory;
  const auto missing = Channel::connect(directory.path() + "/control.sock");
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(missing.error().message(), HasSubstr("the agent is not running"));
}

TEST(ChannelConnect, RefusesAPathThatNoSocketCanHave) {
  EXPECT_FALSE(Channel::connect("").ok());
  const auto refused_path = Channel::connect("/" + std::string(200, 'p'));
  ASSERT_FALSE(refused_path.ok());
  EXPECT_THAT(refused_path.error().message(), HasSubstr("choose a shorter runtime_dir"));
}

}  // namespace
}  // namespace sutra::ipc
