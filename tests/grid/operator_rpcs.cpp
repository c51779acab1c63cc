// The rpcs that operators call. What only an agent can answer is forwarded; nothing is retried.
#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <utility>

#include "common/text.h"
#include "tests/grid/endpoint.h"
#include "tests/grid/master_service.h"

namespace sutra::grid_testing {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kSpawnTimeout{30'000};
constexpr milliseconds kStopTimeout{10'000};
constexpr milliseconds kStatusTimeout{5'000};

std::string new_node_id() { return "node-" + to_string(boost::uuids::random_generator()()); }

std::string unanswered(const std::string& operation, const std::string& agent_id, const std::string& endpoint,
                       const grpc::Status& status) {
  return operation + ": agent " + printable(agent_id) + " at " + endpoint + ": " + cause_of(status) +
         "; check that the agent runs and that the Master can reach that address";
}

grpc::ServerUnaryReactor* finish(grpc::CallbackServerContext* context, const grpc::Status& status) {
  auto* reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

}  // namespace

MasterService::Route MasterService::route(const std::string& agent_id) {
  if (agent_id.empty()) return {{}, "no agent_id was given; name one of the registered agents"};
  const std::lock_guard lock(mutex_);
  const auto info = registry_.info(agent_id);
  if (!info) {
    return {{}, "agent " + printable(agent_id) + " is not registered; list the agents for those that are"};
  }
  const std::string endpoint = info->agent_endpoint();
  if (registry_.health(agent_id, clock_()) == Health::kOffline) {
    return {endpoint, "agent " + printable(agent_id) + " at " + endpoint +
                          " is offline: no heartbeat for 30 s or more; check the agent and its host"};
  }
  return {endpoint, {}};
}

grpc::ServerUnaryReactor* MasterService::SpawnStorageNode(grpc::CallbackServerContext* context,
                                                          const ::grid::SpawnRequest* request,
                                                          ::grid::SpawnResponse* response) {
  const Route to = route(request->agent_id());
  if (!to.fault.empty()) {
    response->set_error_message("spawn storage node: " + to.fault);
    note(LogLevel::kWarning, "❌ Spawn refused: " + to.fault);
    return finish(context, grpc::Status::OK);
  }
  response->set_node_id(new_node_id());
  ::agent::SpawnNodeRequest order;
  order.set_node_id(response->node_id());
  order.set_storage_path(request->storage_path());
  order.set_port(request->port());
  order.set_memory_limit_mb(request->memory_limit_mb());
  note(LogLevel::kInfo,
       "🚀 Spawning storage node " + response->node_id() + " on " + printable(request->agent_id()));
  auto* reactor = context->DefaultReactor();
  calls_.spawn_node(
      request->agent_id(), std::move(order), kSpawnTimeout,
      [=, this, sent = *request](const grpc::Status& status, const ::agent::SpawnNodeResponse& answer) {
        spawn_answered(sent, to.endpoint, status, answer, response);
        reactor->Finish(grpc::Status::OK);
      });
  return reactor;
}

void MasterService::spawn_answered(const ::grid::SpawnRequest& request, const std::string& endpoint,
                                   const grpc::Status& status, const ::agent::SpawnNodeResponse& answer,
                                   ::grid::SpawnResponse* response) {
  const std::string& node_id = response->node_id();
  const std::string agent = printable(request.agent_id());
  if (status.ok() && answer.success()) {
    response->set_success(true);
    response->set_endpoint(node_endpoint(endpoint, answer.port()));
    ::grid::NodeStatus node;
    node.set_node_id(node_id);
    node.set_status("running");
    node.set_pid(answer.pid());
    node.set_endpoint(response->endpoint());
    {
      const std::lock_guard lock(mutex_);
      registry_.put_node(request.agent_id(), node);
    }
    note(LogLevel::kInfo, "✅ Storage node " + node_id + " running on " + agent + " at " +
                              response->endpoint() + " (pid " + std::to_string(answer.pid()) + ")");
    return;
  }
  const std::string operation = "spawn storage node " + node_id;
  if (status.ok()) {
    response->set_error_message(operation + ": agent " + agent + " at " + endpoint + ": " +
                                answer.error_message());
  } else {
    response->set_error_message(unanswered(operation, request.agent_id(), endpoint, status));
    const std::lock_guard lock(mutex_);
    registry_.mark_stale(request.agent_id());  // the node may exist all the same
  }
  note(LogLevel::kError, "❌ " + response->error_message());
}

grpc::ServerUnaryReactor* MasterService::StopStorageNode(grpc::CallbackServerContext* context,
                                                         const ::grid::StopRequest* request,
                                                         ::grid::StopResponse* response) {
  auto* reactor = context->DefaultReactor();
  const std::string node_id = request->node_id();
  if (!request->agent_id().empty()) {
    forward_stop(request->agent_id(), node_id, response, reactor);
    return reactor;
  }
  locate(node_id, [=, this](const std::string& agent_id) {
    if (!agent_id.empty()) return forward_stop(agent_id, node_id, response, reactor);
    response->set_error_message("stop storage node " + printable(node_id) +
                                ": no agent is known to have it; name the agent");
    reactor->Finish(grpc::Status::OK);
  });
  return reactor;
}

void MasterService::forward_stop(const std::string& agent_id, const std::string& node_id,
                                 ::grid::StopResponse* response, grpc::ServerUnaryReactor* reactor) {
  const Route to = route(agent_id);
  if (!to.fault.empty()) {
    response->set_error_message("stop storage node " + printable(node_id) + ": " + to.fault);
    note(LogLevel::kWarning, "❌ " + response->error_message());
    return reactor->Finish(grpc::Status::OK);
  }
  note(LogLevel::kInfo, "🛑 Stopping storage node " + printable(node_id) + " on " + printable(agent_id));
  ::agent::StopNodeRequest order;
  order.set_node_id(node_id);
  calls_.stop_node(agent_id, std::move(order), kStopTimeout,
                   [=, this](const grpc::Status& status, const ::agent::StopNodeResponse& answer) {
                     stop_answered(agent_id, node_id, to.endpoint, status, answer, response);
                     reactor->Finish(grpc::Status::OK);
                   });
}

void MasterService::stop_answered(const std::string& agent_id, const std::string& node_id,
                                  const std::string& endpoint, const grpc::Status& status,
                                  const ::agent::StopNodeResponse& answer, ::grid::StopResponse* response) {
  const std::string agent = printable(agent_id);
  if (status.ok() && answer.success()) {
    response->set_success(true);
    {
      const std::lock_guard lock(mutex_);
      registry_.remove_node(agent_id, node_id);
    }
    note(LogLevel::kInfo, "✅ Storage node " + printable(node_id) + " stopped on " + agent);
    return;
  }
  const std::string operation = "stop storage node " + printable(node_id);
  response->set_error_message(status.ok() ? operation + ": agent " + agent + " at " + endpoint + ": " +
                                                answer.error_message()
                                          : unanswered(operation, agent_id, endpoint, status));
  {
    const std::lock_guard lock(mutex_);
    registry_.mark_stale(agent_id);
  }
  note(LogLevel::kError, "❌ " + response->error_message());
}

grpc::ServerUnaryReactor* MasterService::GetStorageNodeStatus(grpc::CallbackServerContext* context,
                                                              const ::grid::NodeId* request,
                                                              ::grid::NodeStatus* response) {
  auto* reactor = context->DefaultReactor();
  locate(request->node_id(), [=, this, node_id = request->node_id()](const std::string& agent_id) {
    if (!agent_id.empty()) return forward_status(agent_id, node_id, response, reactor);
    reactor->Finish({grpc::StatusCode::NOT_FOUND,
                     "storage node " + printable(node_id) + ": no agent is known to have it"});
  });
  return reactor;
}

void MasterService::forward_status(const std::string& agent_id, const std::string& node_id,
                                   ::grid::NodeStatus* response, grpc::ServerUnaryReactor* reactor) {
  const Route to = route(agent_id);
  if (!to.fault.empty()) {
    const std::string text = "status of storage node " + printable(node_id) + ": " + to.fault;
    return reactor->Finish({grpc::StatusCode::UNAVAILABLE, text});
  }
  ::agent::NodeStatusRequest question;
  question.set_node_id(node_id);
  calls_.node_status(
      agent_id, std::move(question), kStatusTimeout,
      [=, this](const grpc::Status& status, const ::agent::NodeStatusResponse& answer) {
        const std::string operation = "status of storage node " + printable(node_id);
        if (status.error_code() == grpc::StatusCode::NOT_FOUND) {
          {
            const std::lock_guard lock(mutex_);
            registry_.remove_node(agent_id, node_id);
          }
          return reactor->Finish({grpc::StatusCode::NOT_FOUND, operation + ": agent " + printable(agent_id) +
                                                                   " does not have it any more"});
        }
        if (!status.ok()) {
          return reactor->Finish({status.error_code(), unanswered(operation, agent_id, to.endpoint, status)});
        }
        *response = as_seen(answer, to.endpoint);
        {
          const std::lock_guard lock(mutex_);
          registry_.put_node(agent_id, *response);
        }
        reactor->Finish(grpc::Status::OK);
      });
}

grpc::ServerUnaryReactor* MasterService::ListAgents(grpc::CallbackServerContext* context,
                                                    const ::grid::Empty*, ::grid::AgentList* response) {
  auto* reactor = context->DefaultReactor();
  refresh_all([=, this] {
    {
      const std::lock_guard lock(mutex_);
      *response = registry_.list(clock_());
    }
    reactor->Finish(grpc::Status::OK);
  });
  return reactor;
}

grpc::ServerUnaryReactor* MasterService::GetClusterStatus(grpc::CallbackServerContext* context,
                                                          const ::grid::Empty*,
                                                          ::grid::ClusterStatus* response) {
  auto* reactor = context->DefaultReactor();
  refresh_all([=, this] {
    {
      const std::lock_guard lock(mutex_);
      *response = registry_.cluster(clock_());
    }
    reactor->Finish(grpc::Status::OK);
  });
  return reactor;
}

}  // namespace sutra::grid_testing
