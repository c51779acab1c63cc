// The RPCs that agents call. They answer at once; questions to the agent follow after the answer.
#include <utility>

#include "common/text.h"
#include "common/version.h"
#include "tests/grid/endpoint.h"
#include "tests/grid/master_service.h"

namespace sutra::grid_testing {
namespace {

grpc::ServerUnaryReactor* finish(grpc::CallbackServerContext* context, const grpc::Status& status) {
  auto* reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

std::string registration_fault(const ::grid::AgentInfo& info) {
  if (info.agent_id().empty()) return "agent_id is empty; set agent.agent_id in the agent's configuration";
  if (is_endpoint(info.agent_endpoint())) return {};
  return "agent_endpoint \"" + printable(info.agent_endpoint()) +
         "\" is not HOST:PORT; the Master could not reach the agent";
}

}  // namespace

MasterService::MasterService(std::function<Instant()> clock, LogSink log, Observations& observations,
                             std::shared_ptr<grpc::ChannelCredentials> agent_credentials)
    : clock_(std::move(clock)),
      log_(std::move(log)),
      observations_(observations),
      calls_(std::move(agent_credentials)) {}

void MasterService::note(LogLevel level, const std::string& line) const {
  if (log_) log_(level, line);
}

grpc::ServerUnaryReactor* MasterService::RegisterAgent(grpc::CallbackServerContext* context,
                                                       const ::grid::AgentInfo* request,
                                                       ::grid::RegistrationResponse* response) {
  const std::string id = printable(request->agent_id());
  note(LogLevel::kInfo, "📝 Agent registration request: " + id + " (" + printable(request->platform()) + ")");
  response->set_master_version(kVersion);
  const auto refusal = observations_.registration_refusal();
  const std::string fault = refusal ? *refusal : registration_fault(*request);
  response->set_success(fault.empty());
  response->set_error_message(fault);
  if (fault.empty()) {
    std::size_t total = 0;
    {
      const std::lock_guard lock(mutex_);
      registry_.register_agent(*request, clock_());
      total = registry_.size();
    }
    calls_.set_endpoint(request->agent_id(), request->agent_endpoint());
    note(LogLevel::kInfo, "✅ Agent registered: " + id + " (total agents: " + std::to_string(total) + ")");
  } else {
    note(LogLevel::kWarning, "⚠️  Agent registration refused: " + id + ": " + fault);
  }
  // After the registry: a test that waits for the observation may query the Master at once.
  observations_.saw_registration(*request);
  const std::string agent_id = request->agent_id();
  auto* reactor = finish(context, grpc::Status::OK);  // request and response may be gone from here on
  if (fault.empty()) refresh(agent_id, [] {});
  return reactor;
}

grpc::ServerUnaryReactor* MasterService::Heartbeat(grpc::CallbackServerContext* context,
                                                   const ::grid::HeartbeatRequest* request,
                                                   ::grid::HeartbeatResponse* response) {
  const std::string agent_id = request->agent_id();
  const HeartbeatReply reply = observations_.heartbeat_reply();
  const Instant now = clock_();
  bool known = false;
  bool wants_refresh = false;
  if (reply == HeartbeatReply::kHonest) {
    const std::lock_guard lock(mutex_);
    known = registry_.heartbeat(*request, now);
    wants_refresh = registry_.wants_refresh(agent_id);
  }
  note(LogLevel::kDebug, "💓 Heartbeat from " + printable(agent_id) +
                             " (nodes: " + std::to_string(request->storage_node_count()) + ")" +
                             (known ? "" : ", not acknowledged"));
  observations_.saw_heartbeat(*request);
  response->set_acknowledged(known);
  response->set_timestamp(now.unix_secs);
  if (!known && reply != HeartbeatReply::kUnacknowledged) {
    return finish(context, {grpc::StatusCode::NOT_FOUND,
                            "agent " + printable(agent_id) + " is not registered here; register again"});
  }
  auto* reactor = finish(context, grpc::Status::OK);  // request and response may be gone from here on
  if (wants_refresh) refresh(agent_id, [] {});
  return reactor;
}

grpc::ServerUnaryReactor* MasterService::UnregisterAgent(grpc::CallbackServerContext* context,
                                                         const ::grid::AgentId* request, ::grid::Empty*) {
  bool known = false;
  {
    const std::lock_guard lock(mutex_);
    known = registry_.unregister_agent(request->agent_id());
  }
  calls_.drop(request->agent_id());
  if (known) note(LogLevel::kInfo, "👋 Agent unregistered: " + printable(request->agent_id()));
  observations_.saw_unregistration(request->agent_id());
  return finish(context, grpc::Status::OK);
}

}  // namespace sutra::grid_testing
