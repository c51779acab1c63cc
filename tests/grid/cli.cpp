#include "tests/grid/cli.h"

#include <grpcpp/grpcpp.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <ostream>
#include <string>

#include "common/text.h"
#include "common/version.h"
#include "grid.grpc.pb.h"
#include "tests/grid/cli_output.h"
#include "tests/grid/endpoint.h"
#include "tests/grid/tls_pems.h"

namespace sutra::grid_testing {
namespace {

using std::chrono::seconds;
// Longer than the Master waits for its agents, so that its answer arrives and says what failed.
constexpr seconds kQueryTimeout{10};
constexpr seconds kSpawnTimeout{35};
constexpr seconds kStopTimeout{15};

struct Flags {
  std::string master = "127.0.0.1:7000";
  bool json = false;
  std::string tls_ca, tls_cert, tls_key;
  std::string node_id;
  std::string agent_id;
  std::string storage_path;
  std::uint64_t memory_mb = 0;
  std::uint16_t port = 0;
};

// One invocation's connection and where it writes.
class Session {
 public:
  Session(const Flags& flags, const std::shared_ptr<grpc::ChannelCredentials>& credentials, std::ostream& out,
          std::ostream& err)
      : flags_(flags), out_(out), err_(err) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    stub_ = ::grid::GridMaster::NewStub(grpc::CreateCustomChannel(flags.master, credentials, arguments));
  }

  int list_agents();
  int status();
  int spawn();
  int stop();
  int node_status();

 private:
  template <typename Request, typename Response>
  using Method = grpc::Status (::grid::GridMaster::Stub::*)(grpc::ClientContext*, const Request&, Response*);

  // False: the call failed and `err` says why.
  template <typename Request, typename Response>
  bool call(Method<Request, Response> method, const Request& request, Response* response, seconds timeout) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + timeout);
    const grpc::Status status = (stub_.get()->*method)(&context, request, response);
    if (status.ok()) return true;
    const bool unreached = status.error_code() == grpc::StatusCode::UNAVAILABLE;
    err_ << "Error: Master at " << flags_.master << ": " << cause_of(status)
         << (unreached ? "; check that it runs, or name another with --master\n" : "\n");
    return false;
  }

  int refused(const std::string& reason) {
    err_ << "Error: " << reason << '\n';
    return 1;
  }

  std::string the_only_agent();

  const Flags& flags_;
  std::ostream& out_;
  std::ostream& err_;
  std::unique_ptr<::grid::GridMaster::Stub> stub_;
};

std::uint64_t unix_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<seconds>(now).count());
}

int Session::list_agents() {
  ::grid::AgentList list;
  if (!call(&::grid::GridMaster::Stub::ListAgents, ::grid::Empty(), &list, kQueryTimeout)) return 1;
  if (flags_.json) {
    print_json(out_, list);
  } else if (list.agents().empty()) {
    err_ << "No agents are registered.\n";
  } else {
    print_agents(out_, list, unix_now());
  }
  return 0;
}

int Session::status() {
  ::grid::ClusterStatus cluster;
  if (!call(&::grid::GridMaster::Stub::GetClusterStatus, ::grid::Empty(), &cluster, kQueryTimeout)) return 1;
  if (flags_.json) {
    print_json(out_, cluster);
    return 0;
  }
  ::grid::AgentList list;
  if (!call(&::grid::GridMaster::Stub::ListAgents, ::grid::Empty(), &list, kQueryTimeout)) return 1;
  print_cluster(out_, cluster, list);
  return 0;
}

// Empty: there is not exactly one, and `err` says so.
std::string Session::the_only_agent() {
  ::grid::AgentList list;
  if (!call(&::grid::GridMaster::Stub::ListAgents, ::grid::Empty(), &list, kQueryTimeout)) return {};
  if (list.agents_size() == 1) return list.agents(0).agent_id();
  if (list.agents().empty()) {
    err_ << "Error: spawn: no agent is registered with the Master at " << flags_.master << '\n';
    return {};
  }
  err_ << "Error: spawn: several agents are registered; choose one with --agent:\n";
  for (const auto& agent : list.agents()) err_ << "  " << printable(agent.agent_id()) << '\n';
  return {};
}

int Session::spawn() {
  ::grid::SpawnRequest request;
  request.set_agent_id(flags_.agent_id.empty() ? the_only_agent() : flags_.agent_id);
  if (request.agent_id().empty()) return 1;
  request.set_storage_path(flags_.storage_path);
  request.set_memory_limit_mb(flags_.memory_mb);
  request.set_port(flags_.port);
  ::grid::SpawnResponse response;
  if (!call(&::grid::GridMaster::Stub::SpawnStorageNode, request, &response, kSpawnTimeout)) return 1;
  if (flags_.json) print_json(out_, response);
  if (!response.success()) return refused(response.error_message());
  if (!flags_.json) {
    print_table(out_, {{"NODE", "ENDPOINT", "AGENT"},
                       {response.node_id(), response.endpoint(), printable(request.agent_id())}});
  }
  return 0;
}

int Session::stop() {
  ::grid::StopRequest request;
  request.set_agent_id(flags_.agent_id);
  request.set_node_id(flags_.node_id);
  ::grid::StopResponse response;
  if (!call(&::grid::GridMaster::Stub::StopStorageNode, request, &response, kStopTimeout)) return 1;
  if (flags_.json) print_json(out_, response);
  if (!response.success()) return refused(response.error_message());
  if (!flags_.json) err_ << "Storage node " << printable(flags_.node_id) << " stopped.\n";
  return 0;
}

int Session::node_status() {
  ::grid::NodeId request;
  request.set_node_id(flags_.node_id);
  ::grid::NodeStatus node;
  if (!call(&::grid::GridMaster::Stub::GetStorageNodeStatus, request, &node, kQueryTimeout)) return 1;
  if (flags_.json) {
    print_json(out_, node);
  } else {
    print_node(out_, node);
  }
  return 0;
}

using Command = int (Session::*)();

void declare_connection(CLI::App& app, Flags& flags) {
  app.add_option("--master", flags.master, "HOST:PORT of the Master")
      ->envname("SUTRA_MASTER")
      ->capture_default_str()
      ->check([](const std::string& text) {
        return is_endpoint(text) ? std::string() : "\"" + text + "\" is not HOST:PORT";
      });
  app.add_flag("--json", flags.json, "Print the Master's answer as one JSON object");
  app.add_option("--tls-ca", flags.tls_ca, "PEM file: the CA of the Master. All three: mutual TLS");
  app.add_option("--tls-cert", flags.tls_cert, "PEM file: your certificate chain");
  app.add_option("--tls-key", flags.tls_key, "PEM file: your private key");
  app.set_version_flag("--version", std::string("sutra-grid-cli ") + kVersion);
}

void declare_spawn(CLI::App& spawn, Flags& flags) {
  spawn.add_option("--agent", flags.agent_id, "Which agent; may be left out when just one is registered");
  spawn.add_option(
      "--path", flags.storage_path,
      "The node's data directory. Default: empty, the agent gives each node a directory of its own. "
      "Relative: beneath the agent's data_path; absolute: only beneath a root that the agent allows");
  spawn.add_option("--memory-mb", flags.memory_mb, "Memory limit in MiB. Default: the agent's");
  spawn.add_option("--port", flags.port, "The port to serve on. Default: the agent chooses");
}

Command declare_commands(CLI::App& app, Flags& flags, int argc, const char* const* argv) {
  Command chosen = nullptr;
  const auto add = [&](const char* name, const char* text, Command command) {
    auto* sub = app.add_subcommand(name, text);
    sub->fallthrough();
    sub->callback([&chosen, command] { chosen = command; });
    return sub;
  };
  add("list-agents", "The registered agents", &Session::list_agents);
  add("status", "The cluster's health and its storage nodes", &Session::status);
  declare_spawn(*add("spawn", "Start a storage node; prints its id and endpoint", &Session::spawn), flags);
  auto* stop = add("stop", "Stop a storage node; its data stays", &Session::stop);
  stop->add_option("NODE_ID", flags.node_id, "The node")->required();
  stop->add_option("--agent", flags.agent_id, "Its agent. Default: the one that is known to have it");
  auto* node = add("node-status", "One storage node's status, pid and endpoint", &Session::node_status);
  node->add_option("NODE_ID", flags.node_id, "The node")->required();
  app.require_subcommand(1);
  app.parse(argc, argv);
  return chosen;
}

}  // namespace

int run_cli(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  CLI::App app{"Asks a Grid Master of Sutra for storage nodes and their state.", "sutra-grid-cli"};
  Flags flags;
  Command command = nullptr;
  try {
    declare_connection(app, flags);
    command = declare_commands(app, flags, argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, out, err) == 0 ? 0 : 2;
  }
  auto tls = load_tls(flags.tls_ca, flags.tls_cert, flags.tls_key);
  if (!tls) {
    err << "Error: " << tls.error().message() << '\n';
    return 2;
  }
  return (Session(flags, channel_credentials(tls.value()), out, err).*command)();
}

}  // namespace sutra::grid_testing
