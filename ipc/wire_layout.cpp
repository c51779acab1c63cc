// Pins the bytes of every message and of the table's row, for both processes. A failure here means that a
// peer of another build would misread us: raise kVersion (messages.h) or the table's version with the change.
#include <cstddef>
#include <type_traits>

#include "ipc/messages.h"
#include "ipc/node_table.h"

namespace sutra::ipc {
namespace {

// Unique object representations: no hidden padding, so no byte of our memory leaks and every byte is checked.
template <typename T, std::size_t kBytes>
constexpr bool kPinned = sizeof(T) == kBytes&& std::is_trivially_copyable_v<T>&& std::is_standard_layout_v<
                                          T>&& std::has_unique_object_representations_v<T>;

#define SIZE(Type, bytes) static_assert(kPinned<Type, bytes>)
#define AT(Type, field, offset) static_assert(offsetof(Type, field) == (offset))

SIZE(Header, 16);
AT(Header, magic, 0);
AT(Header, version, 4);
AT(Header, verb, 6);
AT(Header, size, 8);
AT(Header, reserved, 12);

SIZE(StartNode, 344);
AT(StartNode, request_id, 0);
AT(StartNode, memory_mb, 8);
AT(StartNode, port, 16);
AT(StartNode, reserved, 20);
AT(StartNode, node_id, 24);
AT(StartNode, storage_path, 88);

SIZE(StopNode, 72);
AT(StopNode, request_id, 0);
AT(StopNode, node_id, 8);

SIZE(NodeReady, 72);
AT(NodeReady, generation, 0);
AT(NodeReady, node_id, 8);

SIZE(NodeUnresponsive, 328);
AT(NodeUnresponsive, generation, 0);
AT(NodeUnresponsive, node_id, 8);
AT(NodeUnresponsive, reason, 72);

SIZE(LinkChanged, 280);
AT(LinkChanged, state, 0);
AT(LinkChanged, reserved, 4);
AT(LinkChanged, heartbeats, 8);
AT(LinkChanged, last_heartbeat_unix, 16);
AT(LinkChanged, address, 24);

SIZE(AgentAcknowledged, 1024);
AT(AgentAcknowledged, agent_info, 0);

SIZE(Ping, 8);
AT(Ping, sequence, 0);

SIZE(Welcome, 1040);
AT(Welcome, comms_restarts, 0);
AT(Welcome, storage_uid, 8);
AT(Welcome, reserved, 12);
AT(Welcome, acknowledged, 16);

SIZE(NodeStarted, 2072);
AT(NodeStarted, request_id, 0);
AT(NodeStarted, pid, 8);
AT(NodeStarted, port, 12);
AT(NodeStarted, success, 16);
AT(NodeStarted, reserved, 20);
AT(NodeStarted, reason, 24);

SIZE(NodeStopped, 2064);
AT(NodeStopped, request_id, 0);
AT(NodeStopped, success, 8);
AT(NodeStopped, reserved, 12);
AT(NodeStopped, reason, 16);

SIZE(NodeChanged, 8);
AT(NodeChanged, row, 0);
AT(NodeChanged, reserved, 4);

SIZE(Pong, 8);
AT(Pong, sequence, 0);

SIZE(Retire, 4);
AT(Retire, reserved, 0);

SIZE(OperatorStart, 336);
AT(OperatorStart, memory_mb, 0);
AT(OperatorStart, port, 8);
AT(OperatorStart, reserved, 12);
AT(OperatorStart, node_id, 16);
AT(OperatorStart, storage_path, 80);

SIZE(OperatorStop, 64);
AT(OperatorStop, node_id, 0);
SIZE(OperatorRestart, 64);
AT(OperatorRestart, node_id, 0);
SIZE(Reload, 4);
AT(Reload, reserved, 0);
SIZE(GetStatus, 4);
AT(GetStatus, reserved, 0);

SIZE(Done, 2064);
AT(Done, success, 0);
AT(Done, pid, 4);
AT(Done, port, 8);
AT(Done, reserved, 12);
AT(Done, text, 16);

SIZE(AgentStatus, 1952);
AT(AgentStatus, started_at_unix, 0);
AT(AgentStatus, comms_restarts, 8);
AT(AgentStatus, heartbeats, 16);
AT(AgentStatus, last_heartbeat_unix, 24);
AT(AgentStatus, pid, 32);
AT(AgentStatus, comms_pid, 36);
AT(AgentStatus, comms_state, 40);
AT(AgentStatus, link, 44);
AT(AgentStatus, storage_uid, 48);
AT(AgentStatus, comms_uid, 52);
AT(AgentStatus, cgroup_mode, 56);
AT(AgentStatus, clone3_works, 60);
AT(AgentStatus, version, 64);
AT(AgentStatus, agent_id, 96);
AT(AgentStatus, master, 160);
AT(AgentStatus, cgroup_path, 416);
AT(AgentStatus, config_path, 672);
AT(AgentStatus, protections_off, 928);

SIZE(NodeRow, 392);
AT(NodeRow, node_id, 0);
AT(NodeRow, storage_path, 64);
AT(NodeRow, generation, 320);
AT(NodeRow, memory_limit_mb, 328);
AT(NodeRow, started_at, 336);
AT(NodeRow, next_retry_at, 344);
AT(NodeRow, last_exit_at, 352);
AT(NodeRow, pid, 360);
AT(NodeRow, port, 364);
AT(NodeRow, restart_count, 368);
AT(NodeRow, exit_code, 372);
AT(NodeRow, exit_signal, 376);
AT(NodeRow, state, 380);
AT(NodeRow, goal, 381);
AT(NodeRow, exit_cause, 382);
AT(NodeRow, probe, 383);
AT(NodeRow, uid, 384);
AT(NodeRow, padding, 388);

#undef SIZE
#undef AT

// A verb's number never changes its meaning; a new verb takes a new number.
static_assert(static_cast<int>(Verb::kStartNode) == 1 && static_cast<int>(Verb::kStopNode) == 2 &&
              static_cast<int>(Verb::kNodeReady) == 3 && static_cast<int>(Verb::kNodeUnresponsive) == 4 &&
              static_cast<int>(Verb::kLinkChanged) == 5 && static_cast<int>(Verb::kAgentAcknowledged) == 6 &&
              static_cast<int>(Verb::kPing) == 7 && static_cast<int>(Verb::kWelcome) == 32 &&
              static_cast<int>(Verb::kNodeStarted) == 33 && static_cast<int>(Verb::kNodeStopped) == 34 &&
              static_cast<int>(Verb::kNodeChanged) == 35 && static_cast<int>(Verb::kPong) == 36 &&
              static_cast<int>(Verb::kRetire) == 37 && static_cast<int>(Verb::kOperatorStart) == 64 &&
              static_cast<int>(Verb::kOperatorStop) == 65 && static_cast<int>(Verb::kOperatorRestart) == 66 &&
              static_cast<int>(Verb::kReload) == 67 && static_cast<int>(Verb::kGetStatus) == 68 &&
              static_cast<int>(Verb::kDone) == 96 && static_cast<int>(Verb::kAgentStatus) == 97);

}  // namespace
}  // namespace sutra::ipc
