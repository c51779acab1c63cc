// All messages between processes: fixed layout, trivially copyable, little-endian.
//
// One SOCK_SEQPACKET packet is one message: a Header, then exactly the body of its verb. Two channels use
// this format, with different verbs: the comms channel (a socketpair that the supervisor creates) and the
// control channel (runtime_dir/control.sock, for sutra-agentctl). Orders have imperative names, facts have
// past tense. Strings are fixed arrays, padded with NUL; a string may fill its array (then it has no NUL).
// Only codec.h decodes them.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <variant>

namespace sutra::ipc {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the wire is little-endian and is not converted");

inline constexpr std::uint32_t kMagic = 0x41525453;  // "STRA"
inline constexpr std::uint16_t kVersion = 1;

template <std::size_t N>
struct Text {
  std::array<char, N> bytes{};
  [[nodiscard]] std::string_view view() const {
    std::string_view all(bytes.data(), N);
    const auto end = all.find('\0');
    return end == std::string_view::npos ? all : all.substr(0, end);
  }
  /// Copies `text`. False: it was too long and is cut at N bytes, possibly within a character.
  bool assign(std::string_view text) {
    bytes.fill('\0');
    const auto n = text.size() < N ? text.size() : N;
    for (std::size_t i = 0; i < n; ++i) bytes[i] = text[i];
    return text.size() <= N;
  }
};

using NodeIdText = Text<64>;
using PathText = Text<256>;
using ReasonText = Text<2048>;     // why a request failed, with the last lines a server printed
using AgentInfoText = Text<1024>;  // an acknowledged AgentInfo, opaque to the supervisor

/// Checked after each message, with its size in bytes. Unique object representations mean that the struct has
/// no hidden padding: no uninitialised byte of our memory is sent, and every received byte is a checked
/// field. When you change a struct so that an assertion fails, raise kVersion: another build could not read
/// the messages.
template <typename T, std::size_t kBytes>
consteval bool is_wire() {
  return sizeof(T) == kBytes && std::is_trivially_copyable_v<T> &&
         std::has_unique_object_representations_v<T>;
}

/// A verb's number never changes its meaning; a new verb takes a new number.
enum class Verb : std::uint16_t {
  // comms -> supervisor
  kStartNode = 1,
  kStopNode = 2,
  kNodeReady = 3,
  kNodeUnresponsive = 4,
  kLinkChanged = 5,
  kAgentAcknowledged = 6,
  kPing = 7,
  // supervisor -> comms
  kWelcome = 32,
  kNodeStarted = 33,
  kNodeStopped = 34,
  kNodeChanged = 35,
  kPong = 36,
  kRetire = 37,
  // operator -> supervisor
  kOperatorStart = 64,
  kOperatorStop = 65,
  kOperatorRestart = 66,
  kReload = 67,
  kGetStatus = 68,
  // supervisor -> operator
  kDone = 96,
  kAgentStatus = 97,
};

struct Header {
  std::uint32_t magic = kMagic;
  std::uint16_t version = kVersion;
  Verb verb{};
  std::uint32_t size = 0;      // of the whole packet, Header included
  std::uint32_t reserved = 0;  // zero
};
static_assert(is_wire<Header, 16>());

// ---- comms -> supervisor

/// Start a node, or learn that the same request already runs. Answered by NodeStarted with the same
/// request_id.
struct StartNode {
  static constexpr Verb kVerb = Verb::kStartNode;
  std::uint64_t request_id = 0;
  std::uint64_t memory_mb = 0;  // as sent; 0 = default
  std::uint32_t port = 0;       // as sent, not checked yet; 0 = choose
  std::uint32_t reserved = 0;
  NodeIdText node_id;
  PathText storage_path;  // as sent, at most 255 bytes; comms refuses longer ones itself
};
static_assert(is_wire<StartNode, 344>());

/// Stop a node and forget it. Answered by NodeStopped.
struct StopNode {
  static constexpr Verb kVerb = Verb::kStopNode;
  std::uint64_t request_id = 0;
  NodeIdText node_id;
};
static_assert(is_wire<StopNode, 72>());

/// The node's port accepted a connection, and the listener belongs to the node's user.
struct NodeReady {
  static constexpr Verb kVerb = Verb::kNodeReady;
  std::uint64_t generation = 0;  // as read from the node table
  NodeIdText node_id;
};
static_assert(is_wire<NodeReady, 72>());

/// failed_probes_before_restart probes in a row failed while the node was running.
struct NodeUnresponsive {
  static constexpr Verb kVerb = Verb::kNodeUnresponsive;
  std::uint64_t generation = 0;
  NodeIdText node_id;
  Text<256> reason;  // "3 probes failed; the last: connect 127.0.0.1:50051: Connection refused"
};
static_assert(is_wire<NodeUnresponsive, 328>());

enum class LinkState : std::uint32_t { kConnecting = 0, kConnected = 1, kLost = 2 };

/// State of the link to the Master: sent when it changes, with every acknowledged heartbeat (at most one a
/// second) and with every failed try.
struct LinkChanged {
  static constexpr Verb kVerb = Verb::kLinkChanged;
  LinkState state = LinkState::kConnecting;
  std::uint32_t reserved = 0;
  std::uint64_t heartbeats = 0;           // acknowledged by any Master since comms started
  std::uint64_t last_heartbeat_unix = 0;  // seconds, 0 = never
  std::uint64_t away_since_unix = 0;      // seconds, 0 = connected
  std::uint64_t next_try_unix = 0;        // seconds, 0 = connected, or a try is under way
  Text<256> address;                      // the Master in use, "host:port"
  Text<256> cause;                        // why the last try failed; empty when connected
};
static_assert(is_wire<LinkChanged, 552>());

/// A Master acknowledged this AgentInfo (by registration or heartbeat). Kept in runtime_dir for the next
/// comms.
struct AgentAcknowledged {
  static constexpr Verb kVerb = Verb::kAgentAcknowledged;
  AgentInfoText agent_info;
};
static_assert(is_wire<AgentAcknowledged, 1024>());

struct Ping {
  static constexpr Verb kVerb = Verb::kPing;
  std::uint64_t sequence = 0;
};
static_assert(is_wire<Ping, 8>());

// ---- supervisor -> comms

/// First message to a new comms.
struct Welcome {
  static constexpr Verb kVerb = Verb::kWelcome;
  std::uint64_t comms_restarts = 0;
  std::uint32_t storage_uid = 0;  // the user of the storage servers: a node's listener must belong to it
  std::uint32_t reserved = 0;
  AgentInfoText acknowledged;  // last acknowledged AgentInfo; empty when there is none
};
static_assert(is_wire<Welcome, 1040>());

struct NodeStarted {
  static constexpr Verb kVerb = Verb::kNodeStarted;
  std::uint64_t request_id = 0;
  std::uint32_t pid = 0;
  std::uint32_t port = 0;
  std::uint32_t success = 0;  // 0 or 1
  std::uint32_t reserved = 0;
  ReasonText reason;  // when not success
};
static_assert(is_wire<NodeStarted, 2072>());

struct NodeStopped {
  static constexpr Verb kVerb = Verb::kNodeStopped;
  std::uint64_t request_id = 0;
  std::uint32_t success = 0;
  std::uint32_t reserved = 0;
  ReasonText reason;
};
static_assert(is_wire<NodeStopped, 2064>());

/// A row of the node table changed; read it there.
struct NodeChanged {
  static constexpr Verb kVerb = Verb::kNodeChanged;
  std::uint32_t row = 0;
  std::uint32_t reserved = 0;
};
static_assert(is_wire<NodeChanged, 8>());

struct Pong {
  static constexpr Verb kVerb = Verb::kPong;
  std::uint64_t sequence = 0;
};
static_assert(is_wire<Pong, 8>());

/// Orderly stop: stop the heartbeats, unregister (2 s at most), exit with status 0.
struct Retire {
  static constexpr Verb kVerb = Verb::kRetire;
  std::uint32_t reserved = 0;
};
static_assert(is_wire<Retire, 4>());

// ---- operator -> supervisor. Each is answered by one Done (GetStatus: by AgentStatus).

struct OperatorStart {
  static constexpr Verb kVerb = Verb::kOperatorStart;
  std::uint64_t memory_mb = 0;
  std::uint32_t port = 0;
  std::uint32_t reserved = 0;
  NodeIdText node_id;
  PathText storage_path;
};
static_assert(is_wire<OperatorStart, 336>());
struct OperatorStop {
  static constexpr Verb kVerb = Verb::kOperatorStop;
  NodeIdText node_id;
};
static_assert(is_wire<OperatorStop, 64>());
struct OperatorRestart {
  static constexpr Verb kVerb = Verb::kOperatorRestart;
  NodeIdText node_id;
};
static_assert(is_wire<OperatorRestart, 64>());
struct Reload {
  static constexpr Verb kVerb = Verb::kReload;
  std::uint32_t reserved = 0;
};
static_assert(is_wire<Reload, 4>());
struct GetStatus {
  static constexpr Verb kVerb = Verb::kGetStatus;
  std::uint32_t reserved = 0;
};
static_assert(is_wire<GetStatus, 4>());

// ---- supervisor -> operator

struct Done {
  static constexpr Verb kVerb = Verb::kDone;
  std::uint32_t success = 0;
  std::uint32_t pid = 0;  // of the node, where there is one
  std::uint32_t port = 0;
  std::uint32_t reserved = 0;
  ReasonText text;  // the reason of a failure, or a note for the operator
};
static_assert(is_wire<Done, 2064>());

enum class CommsState : std::uint32_t { kDown = 0, kRunning = 1, kRetiring = 2 };

struct AgentStatus {
  static constexpr Verb kVerb = Verb::kAgentStatus;
  std::uint64_t started_at_unix = 0;
  std::uint64_t comms_restarts = 0;
  std::uint64_t heartbeats = 0;
  std::uint64_t last_heartbeat_unix = 0;
  std::uint64_t away_since_unix = 0;  // this and the next as in LinkChanged
  std::uint64_t next_try_unix = 0;
  std::uint32_t pid = 0;
  std::uint32_t comms_pid = 0;  // 0 = none
  CommsState comms_state = CommsState::kDown;
  LinkState link = LinkState::kConnecting;
  std::uint32_t storage_uid = 0;
  std::uint32_t comms_uid = 0;
  std::uint32_t cgroup_mode = 0;  // 0 process tree only, 1 cgroup v2 without controllers, 2 with memory.max
  std::uint32_t clone3_works = 0;
  Text<32> version;
  Text<64> agent_id;
  Text<256> master;       // address in use
  Text<256> link_cause;   // why no Master is reached
  Text<256> cgroup_path;  // where node cgroups lie, empty when none
  Text<256> config_path;
  Text<1024> protections_off;  // one a line: what is off and why
};
static_assert(is_wire<AgentStatus, 2224>());

/// What one side of a channel may receive.
using FromComms =
    std::variant<StartNode, StopNode, NodeReady, NodeUnresponsive, LinkChanged, AgentAcknowledged, Ping>;
using ToComms = std::variant<Welcome, NodeStarted, NodeStopped, NodeChanged, Pong, Retire>;
using FromOperator = std::variant<OperatorStart, OperatorStop, OperatorRestart, Reload, GetStatus>;
using ToOperator = std::variant<Done, AgentStatus>;

inline constexpr std::size_t kMaxPacket = 8192;

}  // namespace sutra::ipc
