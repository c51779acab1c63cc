#include "ipc/codec.h"

#include <cstring>
#include <string>
#include <utility>

namespace sutra::ipc {
namespace {

// Checks the fields of a message's body and keeps the first fault.
class BodyCheck {
 public:
  void zero(const char* field, std::uint32_t value) { at_most(field, value, 0); }
  void boolean(const char* field, std::uint32_t value) { at_most(field, value, 1); }
  void at_most(const char* field, std::uint32_t value, std::uint32_t highest) {
    if (!fault_.empty() || value <= highest) return;
    fault_ = std::string(field) + " is " + std::to_string(value) + ", " +
             (highest == 0 ? std::string("must be 0") : "allowed are 0 to " + std::to_string(highest));
  }
  template <std::size_t N>
  void text(const char* field, const Text<N>& value) {
    if (!fault_.empty()) return;
    for (std::size_t i = value.view().size(); i < N; ++i) {
      if (value.bytes[i] == '\0') continue;
      fault_ = std::string(field) + " has a byte other than 0 after its end, at offset " + std::to_string(i);
      return;
    }
  }
  void node_id(const NodeIdText& value) {
    text("node_id", value);
    if (!fault_.empty()) return;
    if (const auto id = NodeId::parse(value.view()); !id) fault_ = id.error().cause;
  }
  [[nodiscard]] const std::string& fault() const { return fault_; }

 private:
  std::string fault_;
};

void check(const StartNode& m, BodyCheck& body) {
  body.zero("reserved", m.reserved);
  body.node_id(m.node_id);
  body.text("storage_path", m.storage_path);
}
void check(const StopNode& m, BodyCheck& body) { body.node_id(m.node_id); }
void check(const NodeReady& m, BodyCheck& body) { body.node_id(m.node_id); }
void check(const NodeUnresponsive& m, BodyCheck& body) {
  body.node_id(m.node_id);
  body.text("reason", m.reason);
}
void check(const LinkChanged& m, BodyCheck& body) {
  body.at_most("state", static_cast<std::uint32_t>(m.state), static_cast<std::uint32_t>(LinkState::kLost));
  body.zero("reserved", m.reserved);
  body.text("address", m.address);
  body.text("cause", m.cause);
}
void check(const AgentAcknowledged& m, BodyCheck& body) { body.text("agent_info", m.agent_info); }
void check(const Ping&, BodyCheck&) {}
void check(const Welcome& m, BodyCheck& body) {
  body.zero("reserved", m.reserved);
  body.text("acknowledged", m.acknowledged);
}
void check(const NodeStarted& m, BodyCheck& body) {
  body.boolean("success", m.success);
  body.zero("reserved", m.reserved);
  body.text("reason", m.reason);
}
void check(const NodeStopped& m, BodyCheck& body) {
  body.boolean("success", m.success);
  body.zero("reserved", m.reserved);
  body.text("reason", m.reason);
}
void check(const NodeChanged& m, BodyCheck& body) { body.zero("reserved", m.reserved); }
void check(const Pong&, BodyCheck&) {}
void check(const Retire& m, BodyCheck& body) { body.zero("reserved", m.reserved); }
void check(const OperatorStart& m, BodyCheck& body) {
  body.zero("reserved", m.reserved);
  body.node_id(m.node_id);
  body.text("storage_path", m.storage_path);
}
void check(const OperatorStop& m, BodyCheck& body) { body.node_id(m.node_id); }
void check(const OperatorRestart& m, BodyCheck& body) { body.node_id(m.node_id); }
void check(const Reload& m, BodyCheck& body) { body.zero("reserved", m.reserved); }
void check(const GetStatus& m, BodyCheck& body) { body.zero("reserved", m.reserved); }
void check(const Done& m, BodyCheck& body) {
  body.boolean("success", m.success);
  body.zero("reserved", m.reserved);
  body.text("text", m.text);
}
void check(const AgentStatus& m, BodyCheck& body) {
  body.at_most("comms_state", static_cast<std::uint32_t>(m.comms_state),
               static_cast<std::uint32_t>(CommsState::kRetiring));
  body.at_most("link", static_cast<std::uint32_t>(m.link), static_cast<std::uint32_t>(LinkState::kLost));
  body.at_most("cgroup_mode", m.cgroup_mode, 2);
  body.boolean("clone3_works", m.clone3_works);
  body.text("version", m.version);
  body.text("agent_id", m.agent_id);
  body.text("master", m.master);
  body.text("link_cause", m.link_cause);
  body.text("cgroup_path", m.cgroup_path);
  body.text("config_path", m.config_path);
  body.text("protections_off", m.protections_off);
}

template <typename Variant>
constexpr const char* kSubject = nullptr;
template <>
constexpr const char* kSubject<FromComms> = "packet from comms";
template <>
constexpr const char* kSubject<ToComms> = "packet to comms";
template <>
constexpr const char* kSubject<FromOperator> = "packet from the operator's tool";
template <>
constexpr const char* kSubject<ToOperator> = "packet to the operator's tool";

// The first fault of the header; empty when there is none.
std::string header_fault(const Header& header, std::size_t packet_bytes) {
  if (header.magic != kMagic) {
    return "magic is " + std::to_string(header.magic) + ", must be " + std::to_string(kMagic);
  }
  if (header.version != kVersion) {
    return "protocol version is " + std::to_string(header.version) + ", this build speaks " +
           std::to_string(kVersion);
  }
  if (header.size != packet_bytes) {
    return "its header says " + std::to_string(header.size) + " bytes, it has " +
           std::to_string(packet_bytes);
  }
  if (header.reserved != 0)
    return "the header's reserved field is " + std::to_string(header.reserved) + ", must be 0";
  return {};
}

std::string verb_fault(Verb verb) {
  const auto name = verb_name(verb);
  if (name.empty()) return "verb " + std::to_string(static_cast<std::uint16_t>(verb)) + " is unknown";
  return "verb " + std::string(name) + " does not travel this way on this channel";
}

template <typename Variant, std::size_t kIndex = 0>
Result<Variant> decode_body(Verb verb, std::span<const std::byte> body) {
  if constexpr (kIndex == std::variant_size_v<Variant>) {
    return make_error("decode", kSubject<Variant>, verb_fault(verb));
  } else {
    using Message = std::variant_alternative_t<kIndex, Variant>;
    if (verb != Message::kVerb) return decode_body<Variant, kIndex + 1>(verb, body);
    const auto refuse = [&](const std::string& why) {
      return make_error("decode", kSubject<Variant>, std::string(verb_name(verb)) + ": " + why);
    };
    if (body.size() != sizeof(Message)) {
      return refuse("the body has " + std::to_string(body.size()) + " bytes, must have " +
                    std::to_string(sizeof(Message)));
    }
    Message message;
    std::memcpy(&message, body.data(), sizeof message);
    BodyCheck checked;
    check(message, checked);
    if (!checked.fault().empty()) return refuse(checked.fault());
    return Variant(std::in_place_type<Message>, message);
  }
}

}  // namespace

NodeId node_id_in(const NodeIdText& text) {
  auto id = NodeId::parse(text.view());
  return id ? std::move(id).value() : NodeId();
}

std::string_view verb_name(Verb verb) {
  switch (verb) {
    case Verb::kStartNode:
      return "StartNode";
    case Verb::kStopNode:
      return "StopNode";
    case Verb::kNodeReady:
      return "NodeReady";
    case Verb::kNodeUnresponsive:
      return "NodeUnresponsive";
    case Verb::kLinkChanged:
      return "LinkChanged";
    case Verb::kAgentAcknowledged:
      return "AgentAcknowledged";
    case Verb::kPing:
      return "Ping";
    case Verb::kWelcome:
      return "Welcome";
    case Verb::kNodeStarted:
      return "NodeStarted";
    case Verb::kNodeStopped:
      return "NodeStopped";
    case Verb::kNodeChanged:
      return "NodeChanged";
    case Verb::kPong:
      return "Pong";
    case Verb::kRetire:
      return "Retire";
    case Verb::kOperatorStart:
      return "OperatorStart";
    case Verb::kOperatorStop:
      return "OperatorStop";
    case Verb::kOperatorRestart:
      return "OperatorRestart";
    case Verb::kReload:
      return "Reload";
    case Verb::kGetStatus:
      return "GetStatus";
    case Verb::kDone:
      return "Done";
    case Verb::kAgentStatus:
      return "AgentStatus";
  }
  return {};
}

template <typename Variant>
Result<Variant> decode(std::span<const std::byte> packet) {
  if (packet.size() < sizeof(Header)) {
    return make_error("decode", kSubject<Variant>,
                      "it has " + std::to_string(packet.size()) + " bytes, a header alone has " +
                          std::to_string(sizeof(Header)));
  }
  Header header;
  std::memcpy(&header, packet.data(), sizeof header);
  if (auto fault = header_fault(header, packet.size()); !fault.empty()) {
    return make_error("decode", kSubject<Variant>, std::move(fault),
                      header.magic == kMagic && header.version != kVersion
                          ? "run the agent and its tools from the same package"
                          : "");
  }
  return decode_body<Variant>(header.verb, packet.subspan(sizeof header));
}

template Result<FromComms> decode(std::span<const std::byte>);
template Result<ToComms> decode(std::span<const std::byte>);
template Result<FromOperator> decode(std::span<const std::byte>);
template Result<ToOperator> decode(std::span<const std::byte>);

}  // namespace sutra::ipc
