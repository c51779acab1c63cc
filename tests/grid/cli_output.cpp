#include "tests/grid/cli_output.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <ostream>

#include "common/text.h"

namespace sutra::grid_testing {
namespace {

std::string pid_text(std::uint32_t pid) { return pid == 0 ? "-" : std::to_string(pid); }

// Text from the network may harm a terminal, and an empty cell would hide a column.
std::string cell(const std::string& text) { return text.empty() ? "-" : printable(text, 255); }

}  // namespace

void print_table(std::ostream& out, const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
    }
    out << line << '\n';
  }
}

void print_json(std::ostream& out, const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string text;
  // Fails only for well-known types that hold nonsense; none of the messages has any.
  const auto status = google::protobuf::util::MessageToJsonString(message, &text, options);
  out << (status.ok() ? text : "{}\n");
}

std::string ago(std::uint64_t unix_secs, std::uint64_t now_unix_secs) {
  if (unix_secs == 0) return "never";
  const std::uint64_t secs = now_unix_secs > unix_secs ? now_unix_secs - unix_secs : 0;
  if (secs < 120) return std::to_string(secs) + "s ago";
  if (secs < 7200) return std::to_string(secs / 60) + "m ago";
  if (secs < 172'800) return std::to_string(secs / 3600) + "h ago";
  return std::to_string(secs / 86'400) + "d ago";
}

void print_agents(std::ostream& out, const ::grid::AgentList& list, std::uint64_t now_unix_secs) {
  std::vector<std::vector<std::string>> rows{
      {"AGENT", "STATUS", "HOST", "PLATFORM", "NODES", "LAST HEARTBEAT"}};
  for (const auto& agent : list.agents()) {
    rows.push_back(
        {cell(agent.agent_id()), cell(agent.status()), cell(agent.hostname()), cell(agent.platform()),
         std::to_string(agent.current_storage_nodes()) + "/" + std::to_string(agent.max_storage_nodes()),
         ago(agent.last_heartbeat(), now_unix_secs)});
  }
  print_table(out, rows);
}

void print_cluster(std::ostream& out, const ::grid::ClusterStatus& cluster, const ::grid::AgentList& list) {
  print_table(out, {{"Cluster", cell(cluster.status())},
                    {"Agents", std::to_string(cluster.total_agents()) + " (" +
                                   std::to_string(cluster.healthy_agents()) + " healthy)"},
                    {"Storage nodes", std::to_string(cluster.total_storage_nodes()) + " (" +
                                          std::to_string(cluster.running_storage_nodes()) + " running)"}});
  std::vector<std::vector<std::string>> rows{{"NODE", "STATUS", "PID", "ENDPOINT", "AGENT"}};
  for (const auto& agent : list.agents()) {
    for (const auto& node : agent.storage_nodes()) {
      rows.push_back({cell(node.node_id()), cell(node.status()), pid_text(node.pid()), cell(node.endpoint()),
                      cell(agent.agent_id()) + (agent.status() == "offline" ? " (offline)" : "")});
    }
  }
  if (rows.size() == 1) return;
  out << '\n';
  print_table(out, rows);
}

void print_node(std::ostream& out, const ::grid::NodeStatus& node) {
  print_table(out,
              {{"NODE", "STATUS", "PID", "ENDPOINT"},
               {cell(node.node_id()), cell(node.status()), pid_text(node.pid()), cell(node.endpoint())}});
}

}  // namespace sutra::grid_testing
