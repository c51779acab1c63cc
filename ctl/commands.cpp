#include "ctl/commands.h"

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <variant>

#include "common/config/config.h"
#include "common/node_id.h"
#include "ctl/agent_client.h"
#include "ctl/report.h"

namespace sutra::ctl {
namespace {

constexpr int kExitConfig = 78;  // EX_CONFIG, sysexits(3)
constexpr const char* kOddAnswer =
    "the agent sent an answer that does not fit the question; are sutra-agent and sutra-agentctl of the same "
    "version?";

void say(const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); }
void print(const std::string& text) { std::fputs(text.c_str(), stdout); }

std::string config_path(const Options& o) {
  return o.config_path.empty() ? default_config_path() : o.config_path;
}

/// Where the agent is that is meant. A file with faults still says so where its runtime_dir can be read. One
/// that the operator named and that does not say so never leads to the default agent, which may be another.
Result<std::string> runtime_dir(const Options& o) {
  if (!o.runtime_dir.empty()) return o.runtime_dir;
  const std::string path = config_path(o);
  const bool named = !o.config_path.empty();
  const auto text = read_config_file(path);
  if (!text && (named || text.error().errnum != ENOENT)) return text.error();
  const LoadedConfig loaded = parse_config(text ? text.value() : "", ConfigContext::of_this_process());
  const std::string& directory = loaded.config.agent.runtime_dir;
  const bool guessed = named && !loaded.ok() && !loaded.names_runtime_dir;
  if (!directory.empty() && !guessed) return directory;
  if (!text) return text.error();
  std::fputs(loaded.report(path).c_str(), stderr);
  return make_error("find the agent of", path,
                    "the file is faulty, and says no agent.runtime_dir that can be used",
                    "correct it, or name the agent's directory with --runtime-dir");
}

int check_config(const Options& o) {
  const std::string path = config_path(o);
  const auto text = read_config_file(path);
  if (!text) {
    say(text.error().message());
    return kExitConfig;
  }
  const LoadedConfig loaded = parse_config(text.value(), ConfigContext::of_this_process());
  if (!loaded.ok()) {
    std::fputs(loaded.report(path).c_str(), stderr);
    return kExitConfig;
  }
  for (const auto& warning : loaded.warnings) say(warning);
  print(render_config(loaded.config, Audience::kOperator));
  return kExitOk;
}

/// Sends a request whose answer is Done, and prints the answer.
template <typename Message>
int order(AgentClient& agent, const Options& o, const Message& message, const std::string& node_id) {
  auto answer = agent.ask(message);
  if (!answer) {
    say(answer.error().message());
    return kExitFailed;
  }
  const auto* done = std::get_if<ipc::Done>(&answer.value());
  if (done == nullptr) {
    say(kOddAnswer);
    return kExitFailed;
  }
  const bool ok = done->success != 0;
  if (o.json) {
    print(done_json(*done, node_id));
  } else if (!ok) {
    say(std::string(done->text.view()));
  } else if (o.command == Command::kSpawn || o.command == Command::kRestart) {
    print(node_id + "  pid " + std::to_string(done->pid) + "  port " + std::to_string(done->port) + "\n");
  } else if (!done->text.view().empty()) {
    say(std::string(done->text.view()));
  }
  return ok ? kExitOk : kExitFailed;
}

std::string new_node_id() {
  std::string uuid;
  std::ifstream("/proc/sys/kernel/random/uuid") >> uuid;
  return "node-" + uuid;
}

/// False, with a message, when an option does not fit into the request.
bool fits(const Options& o) {
  if (o.storage_path.size() <= 255) return true;
  say("--path has " + std::to_string(o.storage_path.size()) + " bytes; at most 255 are allowed");
  return false;
}

int show(AgentClient& agent, const Options& o) {
  auto nodes = agent.nodes();
  if (!nodes) {
    say(nodes.error().message());
    return kExitFailed;
  }
  if (o.command == Command::kList) {
    print(o.json ? list_json(nodes.value()) : list_text(nodes.value()));
    return kExitOk;
  }
  auto answer = agent.ask(ipc::GetStatus{});
  const auto* status = answer ? std::get_if<ipc::AgentStatus>(&answer.value()) : nullptr;
  if (status == nullptr) {
    say(answer ? kOddAnswer : answer.error().message());
    return kExitFailed;
  }
  if (o.command == Command::kDoctor) {
    print(o.json ? doctor_json(*status) : doctor_text(*status));
  } else {
    print(o.json ? status_json(*status, nodes.value()) : status_text(*status, nodes.value()));
  }
  return kExitOk;
}

template <typename Message>
Message for_node(const NodeId& node_id) {
  Message message;
  message.node_id.assign(node_id.str());
  return message;
}

/// Runs spawn, stop or restart.
int node_command(AgentClient& agent, const Options& o) {
  const auto id =
      NodeId::parse(o.command == Command::kSpawn && o.node_id.empty() ? new_node_id() : o.node_id);
  if (!id) {
    say(id.error().message());
    return kExitUsage;
  }
  if (o.command == Command::kStop)
    return order(agent, o, for_node<ipc::OperatorStop>(id.value()), id.value());
  if (o.command == Command::kRestart) {
    return order(agent, o, for_node<ipc::OperatorRestart>(id.value()), id.value());
  }
  if (!fits(o)) return kExitUsage;
  auto message = for_node<ipc::OperatorStart>(id.value());
  message.storage_path.assign(o.storage_path);
  message.port = o.port;
  message.memory_mb = o.memory_mb;
  return order(agent, o, message, id.value());
}

int command(AgentClient& agent, const Options& o) {
  switch (o.command) {
    case Command::kStatus:
    case Command::kList:
    case Command::kDoctor:
      return show(agent, o);
    case Command::kReload:
      return order(agent, o, ipc::Reload{}, {});
    case Command::kCheckConfig:
      return check_config(o);
    case Command::kSpawn:
    case Command::kStop:
    case Command::kRestart:
      return node_command(agent, o);
  }
  return kExitUsage;
}

}  // namespace

int run(const Options& options) {
  if (options.command == Command::kCheckConfig) return check_config(options);
  const auto directory = runtime_dir(options);
  if (!directory) {
    say(directory.error().message());
    return kExitFailed;
  }
  auto agent = AgentClient::connect(directory.value());
  if (!agent) {
    say(agent.error().message());
    return options.command == Command::kStatus ? kExitNotRunning : kExitFailed;
  }
  return command(agent.value(), options);
}

}  // namespace sutra::ctl
