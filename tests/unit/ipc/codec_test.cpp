#include "ipc/codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <random>

#include "tests/unit/ipc/sample_messages.h"

namespace sutra::ipc {
namespace {

using testing::Bytes;
using testing::bytes_of;
using ::testing::HasSubstr;
using testing::put;
using testing::sample;

template <typename Variant>
std::string refusal(const Bytes& packet) {
  const auto decoded = decode<Variant>(packet);
  return decoded ? "accepted" : decoded.error().message();
}

// The refusal of `Message` with `value` in the body field at `offset`.
template <typename Variant, typename Message, typename T>
std::string refusal_with(std::size_t offset, T value) {
  Bytes packet = bytes_of(sample<Message>());
  put(packet, sizeof(Header) + offset, value);
  return refusal<Variant>(packet);
}

template <typename Variant>
class CodecOfChannel : public ::testing::Test {};
using Channels = ::testing::Types<FromComms, ToComms, FromOperator, ToOperator>;
TYPED_TEST_SUITE(CodecOfChannel, Channels);

TYPED_TEST(CodecOfChannel, EveryVerbSurvivesTheRoundTrip) {
  testing::for_each_sample<TypeParam>([](const auto& message) {
    using Message = std::decay_t<decltype(message)>;
    const auto decoded = decode<TypeParam>(bytes_of(message));
    ASSERT_TRUE(decoded.ok()) << decoded.error().message();
    ASSERT_TRUE(std::holds_alternative<Message>(decoded.value()));
    EXPECT_EQ(0, std::memcmp(&std::get<Message>(decoded.value()), &message, sizeof message));
  });
}

TYPED_TEST(CodecOfChannel, EveryTruncationIsRefused) {
  for (const Bytes& packet : testing::packets_of<TypeParam>()) {
    for (std::size_t size = 0; size < packet.size(); ++size) {
      Bytes cut(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_FALSE(decode<TypeParam>(cut).ok()) << size;
      if (size < sizeof(Header)) continue;
      put(cut, offsetof(Header, size), static_cast<std::uint32_t>(size));
      EXPECT_FALSE(decode<TypeParam>(cut).ok()) << size << " with a header that agrees";
    }
  }
}

TYPED_TEST(CodecOfChannel, OneByteTooManyIsRefused) {
  for (Bytes packet : testing::packets_of<TypeParam>()) {
    packet.push_back(std::byte{0});
    EXPECT_THAT(refusal<TypeParam>(packet), HasSubstr("its header says"));
    put(packet, offsetof(Header, size), static_cast<std::uint32_t>(packet.size()));
    EXPECT_THAT(refusal<TypeParam>(packet), HasSubstr("the body has"));
  }
}

TYPED_TEST(CodecOfChannel, AVerbOfAnotherChannelIsRefusedByName) {
  for (const Bytes& packet : testing::all_packets()) {
    Header header;
    std::memcpy(&header, packet.data(), sizeof header);
    bool own = false;
    testing::for_each_sample<TypeParam>(
        [&](const auto& message) { own = own || std::decay_t<decltype(message)>::kVerb == header.verb; });
    EXPECT_EQ(decode<TypeParam>(packet).ok(), own) << verb_name(header.verb);
    if (own) continue;
    EXPECT_THAT(refusal<TypeParam>(packet), HasSubstr(std::string(verb_name(header.verb))));
  }
}

TYPED_TEST(CodecOfChannel, FlippedBitsAreRefusedOrEncodeToTheSameBytes) {
  std::mt19937_64 random(20240607);
  for (const Bytes& packet : testing::packets_of<TypeParam>()) {
    for (int round = 0; round < 1000; ++round) {
      Bytes flipped = packet;
      for (std::uint64_t flips = 1 + random() % 4; flips > 0; --flips) {
        flipped[random() % flipped.size()] ^= static_cast<std::byte>(1U << (random() % 8));
      }
      const auto decoded = decode<TypeParam>(flipped);
      if (!decoded) {
        ASSERT_FALSE(decoded.error().cause.empty());
        continue;
      }
      std::visit([&](const auto& message) { ASSERT_EQ(bytes_of(message), flipped); }, decoded.value());
    }
  }
}

TEST(Codec, AnEmptyPacketIsRefused) {
  EXPECT_THAT(refusal<FromComms>({}), HasSubstr("it has 0 bytes, a header alone has 16"));
}

TEST(Codec, AWrongMagicIsRefused) {
  Bytes packet = bytes_of(sample<Ping>());
  put(packet, offsetof(Header, magic), std::uint32_t{7});
  EXPECT_THAT(refusal<FromComms>(packet), HasSubstr("magic is 7"));
}

TEST(Codec, AnotherVersionIsRefusedWithAdvice) {
  Bytes packet = bytes_of(sample<GetStatus>());
  put(packet, offsetof(Header, version), std::uint16_t{kVersion + 1});
  const std::string text = refusal<FromOperator>(packet);
  EXPECT_THAT(text, HasSubstr("packet from the operator's tool"));
  EXPECT_THAT(text, HasSubstr("protocol version is 2, this build speaks 1"));
  EXPECT_THAT(text, HasSubstr("from the same package"));
}

TEST(Codec, AReservedHeaderFieldThatIsNotZeroIsRefused) {
  Bytes packet = bytes_of(sample<Ping>());
  put(packet, offsetof(Header, reserved), std::uint32_t{1});
  EXPECT_THAT(refusal<FromComms>(packet), HasSubstr("the header's reserved field is 1"));
}

TEST(Codec, AnUnknownVerbIsRefusedByNumber) {
  for (const int verb : {0, 8, 31, 38, 63, 69, 98, 65535}) {
    Bytes packet = bytes_of(sample<Ping>());
    put(packet, offsetof(Header, verb), static_cast<std::uint16_t>(verb));
    EXPECT_THAT(refusal<FromComms>(packet), HasSubstr("verb " + std::to_string(verb) + " is unknown"));
  }
}

TEST(Codec, ReservedFieldsThatAreNotZeroAreRefused) {
  const auto says = HasSubstr("reserved is 1, must be 0");
  constexpr std::uint32_t one = 1;
  EXPECT_THAT((refusal_with<FromComms, StartNode>(offsetof(StartNode, reserved), one)), says);
  EXPECT_THAT((refusal_with<FromComms, LinkChanged>(offsetof(LinkChanged, reserved), one)), says);
  EXPECT_THAT((refusal_with<ToComms, Welcome>(offsetof(Welcome, reserved), one)), says);
  EXPECT_THAT((refusal_with<ToComms, NodeStarted>(offsetof(NodeStarted, reserved), one)), says);
  EXPECT_THAT((refusal_with<ToComms, NodeStopped>(offsetof(NodeStopped, reserved), one)), says);
  EXPECT_THAT((refusal_with<ToComms, NodeChanged>(offsetof(NodeChanged, reserved), one)), says);
  EXPECT_THAT((refusal_with<ToComms, Retire>(offsetof(Retire, reserved), one)), says);
  EXPECT_THAT((refusal_with<FromOperator, OperatorStart>(offsetof(OperatorStart, reserved), one)), says);
  EXPECT_THAT((refusal_with<FromOperator, Reload>(offsetof(Reload, reserved), one)), says);
  EXPECT_THAT((refusal_with<FromOperator, GetStatus>(offsetof(GetStatus, reserved), one)), says);
  EXPECT_THAT((refusal_with<ToOperator, Done>(offsetof(Done, reserved), one)), says);
}

TEST(Codec, ABooleanWithTheValueTwoIsRefused) {
  constexpr std::uint32_t two = 2;
  const auto says = HasSubstr("success is 2, allowed are 0 to 1");
  EXPECT_THAT((refusal_with<ToComms, NodeStarted>(offsetof(NodeStarted, success), two)), says);
  EXPECT_THAT((refusal_with<ToComms, NodeStopped>(offsetof(NodeStopped, success), two)), says);
  EXPECT_THAT((refusal_with<ToOperator, Done>(offsetof(Done, success), two)), says);
  EXPECT_THAT((refusal_with<ToOperator, AgentStatus>(offsetof(AgentStatus, clone3_works), two)),
              HasSubstr("clone3_works is 2"));
}

TEST(Codec, AnEnumeratorOutOfRangeIsRefused) {
  constexpr std::uint32_t three = 3;
  EXPECT_THAT((refusal_with<FromComms, LinkChanged>(offsetof(LinkChanged, state), three)),
              HasSubstr("state is 3, allowed are 0 to 2"));
  EXPECT_THAT((refusal_with<ToOperator, AgentStatus>(offsetof(AgentStatus, comms_state), three)),
              HasSubstr("comms_state is 3"));
  EXPECT_THAT((refusal_with<ToOperator, AgentStatus>(offsetof(AgentStatus, link), three)),
              HasSubstr("link is 3"));
  EXPECT_THAT((refusal_with<ToOperator, AgentStatus>(offsetof(AgentStatus, cgroup_mode), three)),
              HasSubstr("cgroup_mode is 3"));
}

// Sets the last byte of the text at `offset`, which is zero in the samples.
template <typename Variant, typename Message>
std::string refusal_of_tail(std::size_t offset, std::size_t length) {
  return refusal_with<Variant, Message>(offset + length - 1, 'x');
}

TEST(Codec, BytesAfterATextsNulAreRefused) {
#define EXPECT_TAIL_REFUSED(Variant, Message, field)                                                 \
  EXPECT_THAT((refusal_of_tail<Variant, Message>(offsetof(Message, field), sizeof Message().field)), \
              HasSubstr(#field " has a byte other than 0 after its end"))
  EXPECT_TAIL_REFUSED(FromComms, StartNode, node_id);
  EXPECT_TAIL_REFUSED(FromComms, StartNode, storage_path);
  EXPECT_TAIL_REFUSED(FromComms, StopNode, node_id);
  EXPECT_TAIL_REFUSED(FromComms, NodeUnresponsive, node_id);
  EXPECT_TAIL_REFUSED(FromComms, NodeUnresponsive, reason);
  EXPECT_TAIL_REFUSED(FromComms, LinkChanged, address);
  EXPECT_TAIL_REFUSED(FromComms, LinkChanged, cause);
  EXPECT_TAIL_REFUSED(FromComms, AgentAcknowledged, agent_info);
  EXPECT_TAIL_REFUSED(ToComms, Welcome, acknowledged);
  EXPECT_TAIL_REFUSED(ToComms, NodeStarted, reason);
  EXPECT_TAIL_REFUSED(ToComms, NodeStopped, reason);
  EXPECT_TAIL_REFUSED(FromOperator, OperatorStart, node_id);
  EXPECT_TAIL_REFUSED(FromOperator, OperatorStop, node_id);
  EXPECT_TAIL_REFUSED(FromOperator, OperatorRestart, node_id);
  EXPECT_TAIL_REFUSED(ToOperator, Done, text);
  EXPECT_TAIL_REFUSED(ToOperator, AgentStatus, version);
  EXPECT_TAIL_REFUSED(ToOperator, AgentStatus, agent_id);
  EXPECT_TAIL_REFUSED(ToOperator, AgentStatus, master);
  EXPECT_TAIL_REFUSED(ToOperator, AgentStatus, link_cause);
  EXPECT_TAIL_REFUSED(ToOperator, AgentStatus, cgroup_path);
  EXPECT_TAIL_REFUSED(ToOperator, AgentStatus, config_path);
  EXPECT_TAIL_REFUSED(ToOperator, AgentStatus, protections_off);
#undef EXPECT_TAIL_REFUSED
  // NodeReady's sample fills its id, and OperatorStart's its path: open a hole before the end instead.
  EXPECT_THAT((refusal_with<FromComms, NodeReady>(offsetof(NodeReady, node_id) + 10, '\0')),
              HasSubstr("after its end, at offset 11"));
  EXPECT_THAT((refusal_with<FromOperator, OperatorStart>(offsetof(OperatorStart, storage_path), '\0')),
              HasSubstr("storage_path has a byte other than 0 after its end, at offset 1"));
}

// The refusal of `Message` with `id` as its node_id.
template <typename Variant, typename Message>
std::string refusal_of_id(std::string_view id) {
  auto message = sample<Message>();
  message.node_id.assign(id);
  return refusal<Variant>(bytes_of(message));
}

TEST(Codec, ANodeIdThatBreaksTheRulesIsRefused) {
  const auto says = HasSubstr(": node_id \"../x\" starts with '.'");
  EXPECT_THAT((refusal_of_id<FromComms, StartNode>("../x")), says);
  EXPECT_THAT((refusal_of_id<FromComms, StopNode>("../x")), says);
  EXPECT_THAT((refusal_of_id<FromComms, NodeReady>("../x")), says);
  EXPECT_THAT((refusal_of_id<FromComms, NodeUnresponsive>("../x")), says);
  EXPECT_THAT((refusal_of_id<FromOperator, OperatorStart>("../x")), says);
  EXPECT_THAT((refusal_of_id<FromOperator, OperatorStop>("../x")), says);
  EXPECT_THAT((refusal_of_id<FromOperator, OperatorRestart>("../x")), says);
  EXPECT_THAT((refusal_of_id<FromComms, StopNode>("")), HasSubstr("StopNode: node_id is empty"));
}

TEST(Codec, TheNodeIdOfAMessageIsTheOneThatWasSent) {
  EXPECT_EQ(node_id_in(sample<StartNode>().node_id), "node-7");
  NodeIdText text;
  text.assign("a/b");
  EXPECT_FALSE(node_id_in(text).valid());
}

TEST(Codec, ATextThatFillsItsArrayIsAccepted) {
  const auto decoded = decode<FromComms>(bytes_of(sample<NodeReady>()));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(std::get<NodeReady>(decoded.value()).node_id.view(), std::string(64, 'n'));
}

TEST(Codec, EveryVerbHasANameAndNothingElseHas) {
  int named = 0;
  for (int verb = 0; verb <= 65535; ++verb) named += verb_name(static_cast<Verb>(verb)).empty() ? 0 : 1;
  EXPECT_EQ(named, 20);
}

}  // namespace
}  // namespace sutra::ipc
