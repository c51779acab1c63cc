#include "supervisor/core/admission.h"

#include <algorithm>
#include <optional>

#include "common/text.h"
#include "supervisor/core/storage_path.h"

namespace sutra::supervisor::core {
namespace {

constexpr std::uint32_t kPortMax = 65535;

/// What a port is asked about.
struct Ports {
  const NodeId& node_id;
  const AdmissionPolicy& policy;
  std::span<const KnownNode> known;
  std::span<const Taken> taken;

  /// Who has `port`, or nothing when it is free. A node's server is named as the node, though it listens too.
  [[nodiscard]] std::optional<std::string> owner(std::uint32_t port) const {
    for (const KnownNode& node : known) {
      if (node.placement.port == port && node.node_id != node_id) return "belongs to node " + node.node_id;
    }
    for (const auto& [own, what] : policy.own_ports) {
      if (own == port) return "is " + what;
    }
    for (const Taken& socket : taken) {
      if (socket.port != port) continue;
      const bool v6 = socket.address.find(':') != std::string::npos;
      return "is in use: a process of uid " + std::to_string(socket.uid) + " listens on " +
             (v6 ? "[" + socket.address + "]" : socket.address) + ":" + std::to_string(port);
    }
    return std::nullopt;
  }
};

using Port = std::variant<std::uint16_t, Refusal>;

Port next_free(const Ports& ports) {
  std::vector<bool> used(kPortMax + 1);
  for (const KnownNode& node : ports.known) {
    if (node.node_id != ports.node_id) used[node.placement.port] = true;
  }
  for (const auto& [own, what] : ports.policy.own_ports) used[own] = true;
  for (const Taken& socket : ports.taken) used[socket.port] = true;
  const std::uint32_t first = std::max<std::uint32_t>(ports.policy.range_start, 1);
  const std::uint32_t last =
      std::min(std::uint32_t{ports.policy.range_start} + ports.policy.range_size, kPortMax + 1) - 1;
  for (std::uint32_t port = first; port <= last; ++port) {
    if (!used[port]) return static_cast<std::uint16_t>(port);
  }
  return Refusal{"no port of the range " + std::to_string(first) + " to " + std::to_string(last) +
                 " is free; stop a node, raise storage.port_range_size, or send a port outside the range"};
}

Port port_for(std::uint32_t asked, const Ports& ports) {
  if (asked == 0) return next_free(ports);
  const std::string name = "port " + std::to_string(asked);
  if (asked > kPortMax) return Refusal{name + " does not exist; send 1 to 65535, or 0 to have one chosen"};
  if (const auto owner = ports.owner(asked)) {
    return Refusal{name + " " + *owner + "; send another, or 0 to have one chosen"};
  }
  return static_cast<std::uint16_t>(asked);
}

std::optional<Refusal> limit_reached(const NodeId& node_id, const AdmissionPolicy& policy,
                                     std::span<const KnownNode> known) {
  const auto others = std::count_if(known.begin(), known.end(),
                                    [&](const KnownNode& node) { return node.node_id != node_id; });
  if (std::cmp_less(others, policy.max_storage_nodes)) return std::nullopt;
  return Refusal{"there are " + std::to_string(others) + " nodes and agent.max_storage_nodes is " +
                 std::to_string(policy.max_storage_nodes) + "; stop a node, or raise it"};
}

std::string number(std::uint64_t sent, const char* meaning_of_0) {
  return sent == 0 ? std::string("0 (") + meaning_of_0 + ")" : std::to_string(sent);
}

}  // namespace

Verdict admit(const NodeId& node_id, const Request& request, const AdmissionPolicy& policy,
              std::span<const KnownNode> known, std::span<const Taken> taken) {
  if (auto refusal = limit_reached(node_id, policy, known)) return *std::move(refusal);
  if (request.memory_mb > kMemoryMaxMb) {
    return Refusal{"memory_limit_mb " + std::to_string(request.memory_mb) + " is too large; send 1 to " +
                   std::to_string(kMemoryMaxMb) + ", or 0 for the default of " +
                   std::to_string(policy.default_memory_mb)};
  }
  auto where = place(node_id, request.storage_path, policy, known);
  if (auto* refusal = std::get_if<Refusal>(&where)) return std::move(*refusal);
  auto port = port_for(request.port, Ports{node_id, policy, known, taken});
  if (auto* refusal = std::get_if<Refusal>(&port)) return std::move(*refusal);
  auto& found = std::get<Place>(where);
  const std::uint64_t memory_mb = request.memory_mb == 0 ? policy.default_memory_mb : request.memory_mb;
  return Admitted{{std::move(found.path), std::move(found.root), std::get<std::uint16_t>(port), memory_mb},
                  std::move(found.note),
                  std::move(found.warning)};
}

std::string difference(const Request& running, const Request& asked) {
  std::string out;
  const auto add = [&](const char* field, const std::string& is, const std::string& wanted) {
    out += std::string(out.empty() ? "" : "; ") + field + ": running " + is + ", asked " + wanted;
  };
  const auto path = [](const std::string& sent) { return "\"" + printable(sent, 300) + "\""; };
  if (running.storage_path != asked.storage_path) {
    add("storage_path", path(running.storage_path), path(asked.storage_path));
  }
  if (running.port != asked.port) add("port", number(running.port, "chosen"), number(asked.port, "chosen"));
  if (running.memory_mb != asked.memory_mb) {
    add("memory_limit_mb", number(running.memory_mb, "the default"), number(asked.memory_mb, "the default"));
  }
  return out;
}

}  // namespace sutra::supervisor::core
