#include "ctl/commands.h"

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

void say(const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); }
void print(const std::string& text) { std::fputs(text.c_str(), stdout); }

std::string config_path(const Options& o) {
  return o.config_path.empty() ? default_config_path() : o.config_path;
}

/// A faulty configuration still says where the agent is, as far as it can be made out.
std::string runtime_dir(const Options& o) {
  if (!o.runtime_dir.empty()) return o.runtime_dir;
  const auto text = read_config_file(config_path(o));
  return parse_config(text ? text.value() : "", ConfigContext::of_this_process()).config.agent.runtime_dir;
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

/// An order whose answer is Done.
template <typename Message>
int order(AgentClient& agent, const Options& o, const Message& message, const std::string& node_id) {
  auto answer = agent.ask(message);
  if (!answer) {
    say(answer.error().message());
    return kExitFailed;
  }
  const auto* done = std::get_if<ipc::Done>(&answer.value());
  if (done == nullptr) {
    say("the agent answered something else; are sutra-agent and sutra-agentctl of one version?");
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

/// What cannot travel is said here, in the words of the rule.
bool fits(const Options& o) {
  if (const auto fault = node_id_fault(o.node_id)) {
    say(*fault);
    return false;
  }
  if (o.storage_path.size() > 255) {
    say("--path has " + std::to_string(o.storage_path.size()) + " bytes; at most 255 are allowed");
    return false;
  }
  return true;
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
    say(answer ? "the agent answered something else; are sutra-agent and sutra-agentctl of one version?"
               : answer.error().message());
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
Message for_node(const std::string& node_id) {
  Message message;
  message.node_id.assign(node_id);
  return message;
}

int command(AgentClient& agent, Options o) {
  switch (o.command) {
    case Command::kStatus:
    case Command::kList:
    case Command::kDoctor:
      return show(agent, o);
    case Command::kReload:
      return order(agent, o, ipc::Reload{}, {});
    case Command::kCheckConfig:
      return check_config(o);
    case Command::kSpawn: {
      if (o.node_id.empty()) o.node_id = new_node_id();
      if (!fits(o)) return kExitUsage;
      auto message = for_node<ipc::OperatorStart>(o.node_id);
      message.storage_path.assign(o.storage_path);
      message.port = o.port;
      message.memory_mb = o.memory_mb;
      return order(agent, o, message, o.node_id);
    }
    case Command::kStop:
      return fits(o) ? order(agent, o, for_node<ipc::OperatorStop>(o.node_id), o.node_id) : kExitUsage;
    case Command::kRestart:
      return fits(o) ? order(agent, o, for_node<ipc::OperatorRestart>(o.node_id), o.node_id) : kExitUsage;
  }
  return kExitUsage;
}

}  // namespace

int run(const Options& options) {
  if (options.command == Command::kCheckConfig) return check_config(options);
  auto agent = AgentClient::connect(runtime_dir(options));
  if (!agent) {
    say(agent.error().message());
    return options.command == Command::kStatus ? kExitNotRunning : kExitFailed;
  }
  return command(agent.value(), options);
}

}  // namespace sutra::ctl
