// One message of every verb with every field set, and its packet. Tests only.
#pragma once
#include <cstddef>
#include <cstring>
#include <variant>
#include <vector>

#include "ipc/codec.h"

namespace sutra::ipc::testing {

template <std::size_t N>
void fill(Text<N>& text, std::string_view words) {
  std::string all;
  while (all.size() < N / 2) all += words;
  text.assign(all);
}

inline void fill(StartNode& m) {
  m.request_id = 0x0102030405060708;
  m.memory_mb = 4096;
  m.port = 50051;
  m.node_id.assign("node-7");
  fill(m.storage_path, "/srv/data/");
}
inline void fill(StopNode& m) {
  m.request_id = 9;
  m.node_id.assign("node-8");
}
inline void fill(NodeReady& m) {
  m.generation = 3;
  m.node_id.assign(std::string(64, 'n'));
}
inline void fill(NodeUnresponsive& m) {
  m.generation = 4;
  m.node_id.assign("node-9");
  m.reason.assign("3 probes failed; the last: connect 127.0.0.1:50051: Connection refused");
}
inline void fill(LinkChanged& m) {
  m.state = LinkState::kLost;
  m.heartbeats = 12;
  m.last_heartbeat_unix = 1'700'000'000;
  m.away_since_unix = 1'700'000'010;
  m.next_try_unix = 1'700'000'015;
  m.address.assign("[::1]:7000");
  m.cause.assign("connection refused");
}
inline void fill(AgentAcknowledged& m) { fill(m.agent_info, "agent-1 host linux "); }
inline void fill(Ping& m) { m.sequence = 77; }
inline void fill(Welcome& m) {
  m.comms_restarts = 5;
  m.storage_uid = 997;
  fill(m.acknowledged, "agent-1 ");
}
inline void fill(NodeStarted& m) {
  m.request_id = 11;
  m.pid = 4242;
  m.port = 50052;
  m.success = 1;
  fill(m.reason, "exit code 3: bind: Address already in use\n");
}
inline void fill(NodeStopped& m) {
  m.request_id = 12;
  m.success = 1;
  m.reason.assign("unknown node");
}
inline void fill(NodeChanged& m) { m.row = 999; }
inline void fill(Pong& m) { m.sequence = 78; }
inline void fill(Retire&) {}
inline void fill(OperatorStart& m) {
  m.memory_mb = 1;
  m.port = 2;
  m.node_id.assign("n");
  m.storage_path.assign(std::string(256, 'p'));
}
inline void fill(OperatorStop& m) { m.node_id.assign("node-1"); }
inline void fill(OperatorRestart& m) { m.node_id.assign("node-2"); }
inline void fill(Reload&) {}
inline void fill(GetStatus&) {}
inline void fill(Done& m) {
  m.success = 1;
  m.pid = 1;
  m.port = 2;
  m.text.assign("done");
}
inline void fill(AgentStatus& m) {
  m.started_at_unix = 1;
  m.comms_restarts = 2;
  m.heartbeats = 3;
  m.last_heartbeat_unix = 4;
  m.away_since_unix = 9;
  m.next_try_unix = 10;
  m.pid = 5;
  m.comms_pid = 6;
  m.comms_state = CommsState::kRetiring;
  m.link = LinkState::kConnected;
  m.storage_uid = 7;
  m.comms_uid = 8;
  m.cgroup_mode = 2;
  m.clone3_works = 1;
  m.version.assign("0.1.0");
  m.agent_id.assign("agent-1");
  m.master.assign("127.0.0.1:7000");
  m.link_cause.assign("connection refused");
  m.cgroup_path.assign("/sys/fs/cgroup/nodes");
  m.config_path.assign("/etc/sutra-agent/agent-config.toml");
  m.protections_off.assign("Landlock: this kernel has none");
}

template <typename Message>
[[nodiscard]] Message sample() {
  Message message;
  fill(message);
  return message;
}

using Bytes = std::vector<std::byte>;

template <typename Message>
[[nodiscard]] Bytes bytes_of(const Message& message) {
  const auto packet = encode(message);
  Bytes bytes(sizeof packet);
  std::memcpy(bytes.data(), &packet, sizeof packet);
  return bytes;
}

/// Calls `visit(message)` with a sample of every alternative of `Variant`.
template <typename Variant, typename Visit, std::size_t kIndex = 0>
void for_each_sample(const Visit& visit) {
  if constexpr (kIndex < std::variant_size_v<Variant>) {
    visit(sample<std::variant_alternative_t<kIndex, Variant>>());
    for_each_sample<Variant, Visit, kIndex + 1>(visit);
  }
}

template <typename Variant>
[[nodiscard]] std::vector<Bytes> packets_of() {
  std::vector<Bytes> packets;
  for_each_sample<Variant>([&](const auto& message) { packets.push_back(bytes_of(message)); });
  return packets;
}

[[nodiscard]] inline std::vector<Bytes> all_packets() {
  std::vector<Bytes> all;
  for (const auto& some : {packets_of<FromComms>(), packets_of<ToComms>(), packets_of<FromOperator>(),
                           packets_of<ToOperator>()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

template <typename T>
void put(Bytes& packet, std::size_t offset, const T& value) {
  std::memcpy(packet.data() + offset, &value, sizeof value);
}

}  // namespace sutra::ipc::testing
