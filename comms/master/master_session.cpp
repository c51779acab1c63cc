#include "comms/master/master_session.h"

#include <chrono>
#include <random>
#include <utility>
#include <variant>

#include "common/text.h"

namespace sutra::comms {
namespace {

LinkPolicy policy_of(const Config& config, bool known) {
  LinkPolicy policy;
  policy.hosts = config.agent.master_hosts.size();
  policy.heartbeat_interval = config.monitoring.heartbeat_interval;
  policy.retry_max = config.agent.reconnect_max;
  policy.known = known;
  policy.seed = std::random_device{}();
  return policy;
}

LinkTime link_now() {
  const auto unix_time = std::chrono::system_clock::now().time_since_epoch();
  return {Clock::now(),
          static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(unix_time).count())};
}

}  // namespace

MasterSession::MasterSession(EventLoop& loop, const Config& config, AgentIdentity identity, bool known,
                             Hooks hooks)
    : context_{identity, config.agent.master_hosts, config.monitoring.heartbeat_interval},
      hooks_(std::move(hooks)),
      link_(policy_of(config, known)),
      client_(loop, config.agent.master_hosts, identity, [this](const LinkEvent& event) { feed(event); }),
      timer_(loop, [this] { feed(link_event::TimerFired{}); }) {}

void MasterSession::feed(const LinkEvent& event) {
  for (const auto& action : link_.step(event, link_now())) {
    std::visit([this](const auto& order) { obey(order); }, action);
  }
}

void MasterSession::obey(const link_action::ReportLink& report) {
  ipc::LinkChanged message;
  message.state = report.state;
  message.heartbeats = report.heartbeats;
  message.last_heartbeat_unix = report.last_heartbeat_unix;
  message.away_since_unix = report.away_since_unix;
  message.next_try_unix = report.next_try_unix;
  (void)message.cause.assign(front_of(one_line(report.cause), sizeof message.cause));
  (void)message.address.assign(context_.hosts.at(report.host).text());
  hooks_.link_changed(message);
}

void MasterSession::obey(const link_action::ReportAcknowledged&) {
  ipc::AgentAcknowledged message;
  message.agent_info = context_.identity.canonical_text();
  hooks_.acknowledged(message);
}

}  // namespace sutra::comms
