#include "ctl/report.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <nlohmann/json.hpp>
#include <sstream>

#include "common/text.h"

namespace sutra::ctl {
namespace {

using Json = nlohmann::ordered_json;

std::string text_of(std::string_view view) { return std::string(view); }

std::string_view link_name(ipc::LinkState link) {
  switch (link) {
    case ipc::LinkState::kConnecting:
      return "connecting";
    case ipc::LinkState::kConnected:
      return "connected";
    case ipc::LinkState::kLost:
      return "lost";
  }
  return "unknown";
}

std::string_view comms_name(ipc::CommsState state) {
  switch (state) {
    case ipc::CommsState::kDown:
      return "down";
    case ipc::CommsState::kRunning:
      return "running";
    case ipc::CommsState::kRetiring:
      return "retiring";
  }
  return "unknown";
}

std::string clock_text(std::uint64_t unix_secs) {
  if (unix_secs == 0) return "never";
  const auto seconds = static_cast<std::time_t>(unix_secs);
  std::tm local{};
  localtime_r(&seconds, &local);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%F %T", &local);
  return text.data();
}

/// What is known of an absence of the Master: since when, the next try, and why the last one failed.
std::string away_text(const ipc::AgentStatus& s) {
  std::string text = "not reached since " + clock_text(s.away_since_unix);
  text += s.next_try_unix == 0 ? ", trying now" : ", next try " + clock_text(s.next_try_unix);
  return s.link_cause.view().empty()
             ? text
             : text + ": " + printable(s.link_cause.view(), s.link_cause.bytes.size());
}

Json exit_json(const ipc::NodeRow& row) {
  if (row.exit_cause == ExitCause::kNone) return nullptr;
  Json exit{{"cause", cause_name(row.exit_cause)},
            {"code", nullptr},
            {"signal", nullptr},
            {"at", row.last_exit_at}};
  if (row.exit_cause == ExitCause::kExit) exit["code"] = row.exit_code;
  if (row.exit_cause == ExitCause::kSignal || row.exit_cause == ExitCause::kOom)
    exit["signal"] = row.exit_signal;
  return exit;
}

Json nodes_json(const Rows& nodes) {
  Json all = Json::array();
  for (const auto& [row, stale] : nodes) {
    all.push_back({{"node_id", row.node_id.view()},
                   {"state", state_name(row.state)},
                   {"goal", goal_name(row.goal)},
                   {"pid", row.pid},
                   {"port", row.port},
                   {"storage_path", row.storage_path.view()},
                   {"memory_limit_mb", row.memory_limit_mb},
                   {"restart_count", row.restart_count},
                   {"started_at", row.started_at},
                   {"next_retry_at", row.next_retry_at},
                   {"last_exit", exit_json(row)}});
    if (stale) all.back()["stale"] = true;
  }
  return all;
}

std::string dump(const Json& json) {
  return json.dump(2, ' ', false, nlohmann::detail::error_handler_t::replace) + "\n";
}

/// Aligns columns to their widest cell, with two blanks between.
std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> width;
  for (const auto& row : rows) {
    width.resize(std::max(width.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) width[i] = std::max(width[i], row[i].size());
  }
  std::ostringstream out;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      out << row[i];
      if (i + 1 < row.size()) out << std::string(width[i] - row[i].size() + 2, ' ');
    }
    out << '\n';
  }
  return out.str();
}

}  // namespace

std::string last_exit_text(const ipc::NodeRow& row) {
  switch (row.exit_cause) {
    case ExitCause::kNone:
      return "-";
    case ExitCause::kExit:
      return "exit " + std::to_string(row.exit_code);
    case ExitCause::kSignal:
      return "signal " + std::to_string(row.exit_signal);
    case ExitCause::kOom:
      return "out of memory";
    case ExitCause::kUnknown:
      return "unknown";
  }
  return "unknown";
}

std::string list_text(const Rows& nodes) {
  std::vector<std::vector<std::string>> rows{
      {"NODE", "STATE", "PID", "PORT", "RESTARTS", "LAST EXIT", "STORAGE PATH"}};
  for (const auto& [row, stale] : nodes) {
    rows.push_back({text_of(row.node_id.view()), text_of(state_name(row.state)) + (stale ? " (stale)" : ""),
                    row.pid == 0 ? "-" : std::to_string(row.pid), std::to_string(row.port),
                    std::to_string(row.restart_count), last_exit_text(row),
                    text_of(row.storage_path.view())});
  }
  return table(rows);
}

std::string list_json(const Rows& nodes) { return dump({{"schema", kSchema}, {"nodes", nodes_json(nodes)}}); }

std::string status_text(const ipc::AgentStatus& s, const Rows& nodes) {
  const auto running = std::count_if(nodes.begin(), nodes.end(),
                                     [](const auto& n) { return n.row.state == NodeState::kRunning; });
  std::vector<std::vector<std::string>> facts{
      {"Agent:", text_of(s.agent_id.view()) + " v" + text_of(s.version.view()) + ", pid " +
                     std::to_string(s.pid) + ", since " + clock_text(s.started_at_unix)},
      {"Comms:", text_of(comms_name(s.comms_state)) +
                     (s.comms_pid == 0 ? "" : ", pid " + std::to_string(s.comms_pid)) + ", " +
                     std::to_string(s.comms_restarts) + " restarts"},
      {"Master:", text_of(link_name(s.link)) +
                      (s.master.view().empty() ? "" : ", " + text_of(s.master.view())) + ", last heartbeat " +
                      clock_text(s.last_heartbeat_unix) + ", " + std::to_string(s.heartbeats) +
                      " since comms started"},
      {"Config:", text_of(s.config_path.view())},
      {"Nodes:", std::to_string(nodes.size()) + ", " + std::to_string(running) + " running"},
  };
  if (s.away_since_unix != 0) facts.insert(facts.begin() + 3, {"", away_text(s)});
  std::string text = table(facts);
  if (!nodes.empty()) text += "\n" + list_text(nodes);
  return text;
}

std::string status_json(const ipc::AgentStatus& s, const Rows& nodes) {
  return dump({{"schema", kSchema},
               {"agent",
                {{"id", s.agent_id.view()},
                 {"version", s.version.view()},
                 {"pid", s.pid},
                 {"started_at", s.started_at_unix}}},
               {"supervisor", {{"alive", true}}},
               {"comms",
                {{"pid", s.comms_pid}, {"state", comms_name(s.comms_state)}, {"restarts", s.comms_restarts}}},
               {"master",
                {{"state", link_name(s.link)},
                 {"address", s.master.view()},
                 {"last_heartbeat_at", s.last_heartbeat_unix},
                 {"heartbeats", s.heartbeats},
                 {"away_since", s.away_since_unix},
                 {"next_try_at", s.next_try_unix},
                 {"cause", s.link_cause.view()}}},
               {"nodes", nodes_json(nodes)}});
}

std::string done_json(const ipc::Done& done, const std::string& node_id) {
  Json json{{"schema", kSchema}, {"success", done.success != 0}};
  if (!node_id.empty()) json["node_id"] = node_id;
  if (done.pid != 0) json["pid"] = done.pid;
  if (done.port != 0) json["port"] = done.port;
  json["text"] = done.text.view();
  return dump(json);
}

namespace {

struct Check {
  std::string name;
  bool on;
  std::string detail;
};

std::vector<Check> checks(const ipc::AgentStatus& s) {
  const std::string path = text_of(s.cgroup_path.view());
  std::vector<Check> all{
      {"node cgroups", s.cgroup_mode >= 1,
       s.cgroup_mode >= 1 ? path : "cannot prove that a stopped node left nothing behind"},
      {"memory limits by cgroup", s.cgroup_mode >= 2,
       s.cgroup_mode >= 2 ? "memory.max" : "no memory controller: RLIMIT_DATA for each process alone"},
      {"start by clone3", s.clone3_works != 0,
       s.clone3_works != 0 ? "created in its cgroup" : "refused here: a start costs some 10 ms more"},
      {"nodes run as another user", s.storage_uid != 0, "uid " + std::to_string(s.storage_uid)},
      {"comms runs as another user", s.comms_uid != 0, "uid " + std::to_string(s.comms_uid)},
  };
  return all;
}

}  // namespace

std::string doctor_text(const ipc::AgentStatus& s) {
  std::vector<std::vector<std::string>> rows{{"CHECK", "STATE", "DETAIL"}};
  for (const auto& check : checks(s)) rows.push_back({check.name, check.on ? "on" : "OFF", check.detail});
  std::string text = table(rows);
  if (!s.protections_off.view().empty()) text += "\nOff, and why:\n";
  std::istringstream lines{text_of(s.protections_off.view())};
  for (std::string line; std::getline(lines, line);) text += "  " + line + "\n";
  return text;
}

std::string doctor_json(const ipc::AgentStatus& s) {
  Json all = Json::array();
  for (const auto& check : checks(s))
    all.push_back({{"check", check.name}, {"on", check.on}, {"detail", check.detail}});
  Json off = Json::array();
  std::istringstream lines{text_of(s.protections_off.view())};
  for (std::string line; std::getline(lines, line);) off.push_back(line);
  return dump({{"schema", kSchema}, {"checks", all}, {"off", off}});
}

}  // namespace sutra::ctl
