// Whether a new node may be started, and where: the port, the storage path and the memory that a request
// comes to. Pure: who listens and which nodes exist is passed in; symbolic links and owners on the path are
// checked by the code that makes the directory.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "supervisor/core/node.h"

namespace sutra::supervisor::core {

/// A node that exists, in whatever state: its port and its directory are its own until it is forgotten.
struct KnownNode {
  NodeId node_id;
  Request request;
  Placement placement;
  State state = State::kStarting;
  Goal goal = Goal::kRunning;
};

struct AdmissionPolicy {
  std::string data_path;                           ///< absolute; a root like the allowed ones
  std::vector<std::string> allowed_storage_roots;  ///< absolute
  bool ignore_outside = false;                     ///< storage.outside_storage_path = "ignore"
  std::vector<std::string> placeholder_paths;      ///< storage paths that mean an empty one
  std::uint64_t default_memory_mb = 2048;
  std::uint16_t range_start = 50051;
  std::uint16_t range_size = 1000;  ///< ports beyond 65535 are not used
  std::uint32_t max_storage_nodes = 0;
  std::vector<std::pair<std::uint16_t, std::string>> own_ports;  ///< and what it is: "the agent's own server"
};

/// A socket in LISTEN.
struct Taken {
  std::string address;  ///< "127.0.0.1", "::"
  std::uint16_t port = 0;
  std::uint32_t uid = 0;
};

struct Admitted {
  Placement placement;
  std::string note;     ///< for the log: the storage path was a placeholder; empty otherwise
  std::string warning;  ///< for the log: the storage path was ignored; empty otherwise
};
struct Refusal {
  std::string text;  ///< what is wrong and what to do; does not name the node or the operation
};
using Verdict = std::variant<Admitted, Refusal>;

/// A limit in bytes fits a signed 64-bit number.
inline constexpr std::uint64_t kMemoryMaxMb = (std::uint64_t{1} << 43U) - 1;

/// Judges the request of a node that does not exist yet. A node of the same id among `known` is ignored.
///  - max_storage_nodes is not reached;
///  - port 0: the first free one of the range. A port is free when it belongs to no other node, is not our own
///    and is not in LISTEN. Any other port must be free;
///  - storage_path: see place() in storage_path.h;
///  - memory 0: the default; else 1 to kMemoryMaxMb.
[[nodiscard]] Verdict admit(const NodeId& node_id, const Request& request, const AdmissionPolicy& policy,
                            std::span<const KnownNode> known, std::span<const Taken> taken);

/// What differs between two requests, as sent: "port: running 50051, asked 50060"; empty when they are equal.
[[nodiscard]] std::string difference(const Request& running, const Request& asked);

}  // namespace sutra::supervisor::core
