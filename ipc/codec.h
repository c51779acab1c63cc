// The one place where bytes become messages. Pure; fuzzed. Both processes.
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

/// Decodes one packet of the channel whose messages are `Variant` (FromComms, ToComms, FromOperator,
/// ToOperator). Exact size, magic, version and verb; reserved fields and unused bytes after a text's NUL must
/// be zero, enumerators and booleans in range, a node_id must be one. Anything else is an Error that says
/// what was wrong, never a partial message.
template <typename Variant>
[[nodiscard]] Result<Variant> decode(std::span<const std::byte> packet);

/// The node that a decoded message or a row in use is about. Not valid() for a text that is not a node_id,
/// which no decoded message holds.
[[nodiscard]] NodeId node_id_in(const NodeIdText& text);

/// "StartNode"; empty for an unknown number.
[[nodiscard]] std::string_view verb_name(Verb verb);

/// A packet ready for send(2). `Message` is any of the structs in messages.h.
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
