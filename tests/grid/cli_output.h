// How sutra-grid-cli shows the Master's answers: aligned columns, or JSON.
#pragma once
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "grid.pb.h"

namespace sutra::grid_testing {

/// Left-aligned columns, two spaces apart, no trailing spaces; the first row is the heading.
void print_table(std::ostream& out, const std::vector<std::vector<std::string>>& rows);

/// One object, fields named as in the .proto, all present; 64-bit numbers are strings, as protobuf's JSON
/// mapping has it.
void print_json(std::ostream& out, const google::protobuf::Message& message);

/// "3s ago", "2m ago", "5h ago", "4d ago"; "never" for 0. A time in the future reads "0s ago".
[[nodiscard]] std::string ago(std::uint64_t unix_secs, std::uint64_t now_unix_secs);

void print_agents(std::ostream& out, const ::grid::AgentList& list, std::uint64_t now_unix_secs);
void print_cluster(std::ostream& out, const ::grid::ClusterStatus& cluster, const ::grid::AgentList& list);
void print_node(std::ostream& out, const ::grid::NodeStatus& node);

}  // namespace sutra::grid_testing
