#include "tests/chaos/operators.h"

#include <grpcpp/grpcpp.h>
#include <poll.h>

#include "tests/support/agent.h"

namespace sutra::chaos {
namespace {

using namespace std::chrono_literals;

constexpr auto kRestartMayGoOn =
    15s;  // the answer was lost; the stop's grace and the new start may still follow
constexpr int kBetweenTriesMs = 30;

/// A call that waits for the connection also polls it. Calls that fail at once do not: between them nothing polls, and
/// each attempt to connect times out unnoticed, as long as gRPC's backup poller sleeps (5 s).
void give(grpc::ClientContext& context, std::chrono::seconds deadline) {
  context.set_wait_for_ready(true);
  context.set_deadline(std::chrono::system_clock::now() + deadline);
}

}  // namespace

Requests::Requests(const e2e::Sandbox& sandbox, std::map<std::string, std::uint16_t> ports, Journal& journal,
                   Expectations& expectations, std::uint64_t seed)
    : sandbox_(sandbox),
      ports_(std::move(ports)),
      journal_(journal),
      expectations_(expectations),
      dice_(seed) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);  // the least time that a connect may take
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  stub_ = agent::GridAgent::NewStub(grpc::CreateCustomChannel(
      "127.0.0.1:" + std::to_string(sandbox_.agent_port()), grpc::InsecureChannelCredentials(), arguments));
}

std::string Requests::ctl(const std::vector<std::string>& words) {
  std::vector<std::string> command{sandbox_.binary("sutra-agentctl"), "--config", sandbox_.config_path()};
  command.insert(command.end(), words.begin(), words.end());
  const auto result = e2e::run(command, 30s);
  if (result.status == 0) return {};
  return "agentctl " + std::to_string(result.status) + ": " + result.err;
}

std::string Requests::try_spawn(const std::string& node) {
  const std::uint16_t port = ports_.at(node);
  if (dice_.percent(30)) return ctl({"spawn", node, "--port", std::to_string(port)});
  agent::SpawnNodeRequest request;
  request.set_node_id(node);
  request.set_port(port);
  agent::SpawnNodeResponse response;
  grpc::ClientContext context;
  give(context, 30s);
  const grpc::Status status = stub_->SpawnNode(&context, request, &response);
  if (!status.ok()) return "rpc: " + status.error_message();
  return response.success() ? "" : "refused: " + response.error_message();
}

std::string Requests::try_stop(const std::string& node) {
  expectations_.ask_end(node);
  if (dice_.percent(30)) return ctl({"stop", node});
  agent::StopNodeRequest request;
  request.set_node_id(node);
  agent::StopNodeResponse response;
  grpc::ClientContext context;
  give(context, 15s);
  const grpc::Status status = stub_->StopNode(&context, request, &response);
  if (!status.ok()) return "rpc: " + status.error_message();
  return response.success() ? "" : "refused: " + response.error_message();
}

template <typename Try>
bool Requests::until_answered(const std::string& what, const std::string& node, std::chrono::seconds within,
                              Try attempt) {
  const double until = journal_.seconds() + static_cast<double>(within.count());
  for (std::string fault;;) {
    journal_.act(what + " " + node);
    fault = attempt();
    journal_.act(what + " " + node + ": " + (fault.empty() ? "done" : fault));
    if (fault.empty()) return true;
    if (journal_.seconds() > until) {
      journal_.violation("request never succeeds", what + " " + node + ": " + fault);
      return false;
    }
    poll(nullptr, 0, kBetweenTriesMs);
  }
}

bool Requests::spawn(const std::string& node, std::chrono::seconds within) {
  expectations_.want(node, Want::kUnjudged);
  const bool done = until_answered("spawn", node, within, [&] { return try_spawn(node); });
  if (done) expectations_.want(node, Want::kRunning);
  journal_.count("spawns");
  return done;
}

bool Requests::stop(const std::string& node, std::chrono::seconds within) {
  expectations_.want(node, Want::kUnjudged);
  const bool done = until_answered("stop", node, within, [&] {
    const std::string fault = try_stop(node);
    return fault.find("no node has this id") != std::string::npos ? std::string() : fault;
  });
  if (done) expectations_.want(node, Want::kStopped);
  journal_.count("stops");
  return done;
}

void Requests::restart(const std::string& node) {
  expectations_.open_window(node);
  expectations_.ask_end(node);
  journal_.act("restart " + node);
  const std::string fault = ctl({"restart", node});
  journal_.act("restart " + node + ": " + (fault.empty() ? "done" : fault));
  expectations_.close_window(node, fault.empty() ? 1s : kRestartMayGoOn);
  journal_.count("restarts asked for");
}

std::map<std::string, agent::NodeStatusResponse> Requests::list(std::string& silence) {
  agent::ListNodesResponse response;
  grpc::ClientContext context;
  give(context, 2s);
  const grpc::Status status = stub_->ListNodes(&context, {}, &response);
  silence = status.ok() ? "" : "rpc: " + status.error_message();
  std::map<std::string, agent::NodeStatusResponse> nodes;
  for (const auto& each : response.nodes()) nodes[each.node_id()] = each;
  return nodes;
}

Operator::Operator(Requests requests, std::vector<std::string> nodes, std::uint64_t seed)
    : requests_(std::move(requests)), nodes_(std::move(nodes)), dice_(seed), thread_([this] { run(); }) {}

Operator::~Operator() {
  stop_ = true;
  thread_.join();
}

void Operator::run() {
  while (!stop_) {
    if (paused_ || nodes_.empty()) {
      // All nodes run at a checkpoint, so that checkpoints can be compared.
      for (auto& [node, stopped] : stopped_) stopped = stopped && !requests_.spawn(node);
      idle_ = true;
      poll(nullptr, 0, 5);
      continue;
    }
    idle_ = false;
    const std::string& node = dice_.pick(nodes_);
    bool& stopped = stopped_[node];
    if (stopped) {
      stopped = !requests_.spawn(node);
    } else if (dice_.percent(30)) {
      requests_.restart(node);
    } else {
      stopped = requests_.stop(node);
    }
    poll(nullptr, 0, static_cast<int>(dice_.below(300)));
  }
}

}  // namespace sutra::chaos
