#include "comms/comms.h"

#include <utility>
#include <variant>

#include "common/log/logging.h"

namespace sutra::comms {

Comms::Comms(Config config, std::string hostname, UniqueFd supervisor,
             std::unique_ptr<ipc::NodeTableReader> table)
    : config_(std::move(config)),
      identity_(AgentIdentity::of(config_, hostname)),
      table_(std::move(table)),
      supervisor_(
          loop_, std::move(supervisor),
          {[this](const ipc::ToComms& message) { std::visit([this](const auto& m) { on(m); }, message); },
           [this](bool orderly) { end(orderly ? 0 : 1); },
           [this](const std::function<void()>& alive) {
             if (server_) return server_->prove_alive(alive);
             alive();
           }}),
      requests_({[this](const ipc::StartNode& order) { return supervisor_.send(order); },
                 [this](const ipc::StopNode& order) { return supervisor_.send(order); }}),
      requests_timer_(loop_,
                      [this] {
                        requests_.expire(Clock::now());
                        arm_requests_timer();
                      }),
      probe_(loop_, config_, *table_,
             {[this](const ipc::NodeReady& report) { supervisor_.send(report); },
              [this](const ipc::NodeUnresponsive& report) { supervisor_.send(report); }}) {}

Comms::~Comms() {
  // Answer the waiting calls before the server is destroyed: its shutdown waits for them.
  requests_.close("the agent is stopping; ask again when it is back");
  loop_.close_mailbox();
}

int Comms::run() {
  loop_.run();
  return status_;
}

void Comms::end(int status) {
  status_ = status;
  loop_.stop();
}

void Comms::on(const ipc::Welcome& message) {
  if (std::exchange(welcomed_, true)) {
    log::error("Ignored a second Welcome message from the supervisor");
    return;
  }
  const bool known = message.acknowledged.view() == identity_.canonical_text().view();
  session_.emplace(
      loop_, config_, identity_, known,
      MasterSession::Hooks{[this] { return table_->live_count(); },
                           [this](const ipc::LinkChanged& change) { supervisor_.send(change); },
                           [this](const ipc::AgentAcknowledged& fact) { supervisor_.send(fact); },
                           [this] { end(0); }});
  // When all Masters are on loopback, so is our server, and only this host can call. Else the calls come over
  // plaintext, so only the Masters' addresses may call.
  if (!config_.master_is_loopback()) master_addresses_.emplace(loop_, config_.agent.master_hosts, callers_);
  // Nodes may have been running before this comms: NodeChanged comes only for later changes.
  probe_.look_at_all();
  start_server();
}

void Comms::start_server() {
  const HostPort address{config_.agent.listen_address, config_.agent.agent_port};
  server_.emplace(loop_, address,
                  AgentServiceParts{config_.agent.agent_id, loop_.post(), requests_,
                                    [this] { arm_requests_timer(); }, *table_, callers_, last_request_id_},
                  AgentServer::Hooks{[this, address] {
                                       log::debug("", "Serving the Master's calls on " + address.text());
                                       session_->server_listens();
                                     },
                                     [this](const Error& error) {
                                       log::error("Cannot serve the Master's calls: " + error.message());
                                       end(1);
                                     }});
}

void Comms::on(const ipc::NodeStarted& message) { requests_.on(message); }

void Comms::on(const ipc::NodeStopped& message) { requests_.on(message); }

void Comms::on(const ipc::NodeChanged& message) { probe_.look_at(message.row); }

void Comms::on(const ipc::Retire&) {
  if (!session_) return end(0);
  session_->retire();
}

void Comms::arm_requests_timer() {
  if (const auto wake = requests_.next_wake()) requests_timer_.at(*wake);
}

}  // namespace sutra::comms
