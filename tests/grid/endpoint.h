// "host:port" as agents send it, and how an agent's answers read from the Master's side.
#pragma once
#include <grpcpp/support/status.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "agent.pb.h"
#include "grid.pb.h"

namespace sutra::grid_testing {

/// "host:port" with a host and a port of 1-65535; an IPv6 host is in brackets.
[[nodiscard]] bool is_endpoint(std::string_view text);

/// Where a node of the agent at `agent_endpoint` is reached: the agent's host with the node's port.
[[nodiscard]] std::string node_endpoint(std::string_view agent_endpoint, std::uint32_t port);

/// An agent's report of a node as the Master's operators see it.
[[nodiscard]] ::grid::NodeStatus as_seen(const ::agent::NodeStatusResponse& node,
                                         std::string_view agent_endpoint);

/// "connection refused (UNAVAILABLE)": the status of a failed call, for a person.
[[nodiscard]] std::string cause_of(const grpc::Status& status);

}  // namespace sutra::grid_testing
