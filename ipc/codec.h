// Encodes and decodes messages. All bytes from a peer are checked here and nowhere else. Pure; fuzzed. Both
// processes.
#pragma once
#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>
#include <variant>

#include "common/node_id.h"
#include "common/result.h"
#include "ipc/messages.h"

namespace sutra::ipc {

/// Decodes one packet of the channel whose messages are `Variant` (FromComms, ToComms, FromOperator or
/// ToOperator). Size, magic, version and verb must be exact; reserved fields, and the bytes after a text's
/// NUL, must be zero; enumerators and booleans must be in range; a node_id must be valid. Else returns an
/// Error that says what is wrong, never a partial message.
template <typename Variant>
[[nodiscard]] Result<Variant> decode(std::span<const std::byte> packet);

/// The node_id of a decoded message or of a row in use. Not valid() when the text is no node_id; that cannot
/// happen for a decoded message.
[[nodiscard]] NodeId node_id_in(const NodeIdText& text);

/// "StartNode"; empty for an unknown number.
[[nodiscard]] std::string_view verb_name(Verb verb);

/// A packet for send(2). `Message`: one of the structs of messages.h.
template <typename Message>
struct Packet {
  Header header;
  Message body;
};
template <typename Message>
[[nodiscard]] Packet<Message> encode(const Message& message) {
  static_assert(std::is_trivially_copyable_v<Message>);
  static_assert(sizeof(Packet<Message>) == sizeof(Header) + sizeof(Message) &&
                sizeof(Packet<Message>) <= kMaxPacket);
  Packet<Message> packet{};
  packet.header.verb = Message::kVerb;
  packet.header.size = sizeof packet;
  packet.body = message;
  return packet;
}

extern template Result<FromComms> decode(std::span<const std::byte>);
extern template Result<ToComms> decode(std::span<const std::byte>);
extern template Result<FromOperator> decode(std::span<const std::byte>);
extern template Result<ToOperator> decode(std::span<const std::byte>);

}  // namespace sutra::ipc
