#include "common/listeners/sock_diag.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>

#include <cstring>
#include <random>

namespace sutra {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::uint32_t kSequence = 7;
constexpr std::uint16_t kCgroupAttribute = 21;

/// Bytes of an answer, as the kernel lays them out.
class Answer {
 public:
  template <typename T>
  static std::vector<std::byte> bytes_of(const T& value) {
    std::vector<std::byte> out(sizeof value);
    std::memcpy(out.data(), &value, sizeof value);
    return out;
  }
  static std::vector<std::byte> attribute(std::uint16_t type, const std::vector<std::byte>& value) {
    rtattr head{};
    head.rta_len = static_cast<unsigned short>(sizeof head + value.size());
    head.rta_type = type;
    auto out = bytes_of(head);
    out.insert(out.end(), value.begin(), value.end());
    out.resize(NLMSG_ALIGN(out.size()));
    return out;
  }
  Answer& message(std::uint16_t type, const std::vector<std::byte>& payload,
                  std::uint16_t flags = NLM_F_MULTI, std::uint32_t sequence = kSequence) {
    nlmsghdr head{};
    head.nlmsg_len = static_cast<std::uint32_t>(sizeof head + payload.size());
    head.nlmsg_type = type;
    head.nlmsg_flags = flags;
    head.nlmsg_seq = sequence;
    const auto front = bytes_of(head);
    bytes.insert(bytes.end(), front.begin(), front.end());
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    bytes.resize(NLMSG_ALIGN(bytes.size()));
    return *this;
  }
  Answer& listener(std::uint16_t port, const std::vector<std::byte>& attributes = {},
                   std::uint16_t flags = NLM_F_MULTI) {
    inet_diag_msg socket{};
    socket.idiag_family = AF_INET;
    socket.id.idiag_sport = htons(port);
    socket.id.idiag_src[0] = htonl(INADDR_LOOPBACK);
    socket.idiag_uid = 1000;
    socket.idiag_rqueue = 3;
    socket.idiag_wqueue = 128;
    auto payload = bytes_of(socket);
    payload.insert(payload.end(), attributes.begin(), attributes.end());
    return message(SOCK_DIAG_BY_FAMILY, payload, flags);
  }
  Answer& done(std::int32_t result = 0) { return message(NLMSG_DONE, bytes_of(result)); }
  [[nodiscard]] DiagAnswer parse(std::vector<Listener>& out) const {
    return parse_sock_diag(bytes, kSequence, out);
  }

  std::vector<std::byte> bytes;
};

TEST(SockDiag, ListenersAreReadUntilTheDoneMessage) {
  const auto cgroup = Answer::attribute(kCgroupAttribute, Answer::bytes_of(std::uint64_t{4711}));
  auto attributes = Answer::attribute(8, {std::byte{1}});
  attributes.insert(attributes.end(), cgroup.begin(), cgroup.end());
  std::vector<Listener> found;
  EXPECT_EQ(Answer().listener(8000, attributes).listener(8001).parse(found), DiagAnswer::kMore);
  EXPECT_EQ(Answer().listener(8002).done().parse(found), DiagAnswer::kEnd);
  ASSERT_THAT(found, SizeIs(3));
  EXPECT_EQ(address_text(found[0].address), "127.0.0.1");
  EXPECT_EQ(found[0].port, 8000);
  EXPECT_EQ(found[0].uid, 1000U);
  EXPECT_EQ(found[0].accept_queue, 3U);
  EXPECT_EQ(found[0].accept_queue_limit, 128U);
  EXPECT_EQ(found[0].cgroup_id, 4711U);
  EXPECT_EQ(found[1].cgroup_id, std::nullopt) << "a kernel that does not tell";
  EXPECT_EQ(found[2].port, 8002);
}

TEST(SockDiag, Ipv6AddressesAreKeptWhole) {
  inet_diag_msg socket{};
  socket.idiag_family = AF_INET6;
  socket.id.idiag_src[3] = htonl(1);
  std::vector<Listener> found;
  EXPECT_EQ(Answer().message(SOCK_DIAG_BY_FAMILY, Answer::bytes_of(socket)).parse(found), DiagAnswer::kMore);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(address_text(found[0].address), "::1");
}

TEST(SockDiag, AnErrorIsNotReadAsNoListener) {
  std::vector<Listener> found;
  EXPECT_EQ(Answer().done(-ENOENT).parse(found), DiagAnswer::kRefused) << "there is no tcp_diag";
  EXPECT_EQ(Answer().message(NLMSG_ERROR, Answer::bytes_of(nlmsgerr{-EPERM, {}})).parse(found),
            DiagAnswer::kRefused);
  EXPECT_EQ(Answer().parse(found), DiagAnswer::kRefused) << "nothing at all";
  EXPECT_EQ(Answer().done(0).parse(found), DiagAnswer::kEnd);
  EXPECT_THAT(found, IsEmpty());
}

TEST(SockDiag, AnInterruptedDumpIsRefused) {
  std::vector<Listener> found;
  EXPECT_EQ(Answer().listener(8000, {}, NLM_F_MULTI | NLM_F_DUMP_INTR).done().parse(found),
            DiagAnswer::kRefused);
}

TEST(SockDiag, AnAnswerToAnotherRequestIsRefused) {
  std::vector<Listener> found;
  EXPECT_EQ(parse_sock_diag(Answer().listener(8000).done().bytes, kSequence + 1, found),
            DiagAnswer::kRefused);
  EXPECT_THAT(found, IsEmpty());
}

TEST(SockDiag, AttributesWithAWrongLengthGiveNoCgroup) {
  for (const std::size_t length : {0U, 1U, 3U, 4U, 11U, 13U, 65535U}) {
    auto attribute = Answer::attribute(kCgroupAttribute, Answer::bytes_of(std::uint64_t{4711}));
    const auto wrong = static_cast<unsigned short>(length);
    std::memcpy(attribute.data(), &wrong, sizeof wrong);
    std::vector<Listener> found;
    EXPECT_EQ(Answer().listener(8000, attribute).parse(found), DiagAnswer::kMore) << length;
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_EQ(found[0].cgroup_id, std::nullopt) << length;
  }
}

TEST(SockDiag, ATruncatedDatagramIsNeverACompleteList) {
  const auto whole =
      Answer()
          .listener(8000, Answer::attribute(kCgroupAttribute, Answer::bytes_of(std::uint64_t{1})))
          .done()
          .bytes;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::vector<std::byte> exact(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    std::vector<Listener> found;
    EXPECT_NE(parse_sock_diag(exact, kSequence, found), DiagAnswer::kEnd) << size;
  }
}

TEST(SockDiag, DamagedBytesGiveNoMoreListenersThanFitIntoThem) {
  const auto whole =
      Answer()
          .listener(8000, Answer::attribute(kCgroupAttribute, Answer::bytes_of(std::uint64_t{1})))
          .listener(8001)
          .done()
          .bytes;
  std::minstd_rand random(1);  // the same bytes at each run
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::byte> damaged = whole;
    for (int i = 0; i < 4; ++i) damaged[random() % damaged.size()] = static_cast<std::byte>(random());
    std::vector<Listener> found;
    (void)parse_sock_diag(damaged, kSequence, found);
    EXPECT_LE(found.size(), damaged.size() / sizeof(inet_diag_msg));
  }
}

}  // namespace
}  // namespace sutra
