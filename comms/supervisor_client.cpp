#include "comms/supervisor_client.h"

#include <chrono>
#include <utility>

#include "common/log/logging.h"

namespace sutra::comms {
namespace {

constexpr std::chrono::milliseconds kPingInterval{2000};

}  // namespace

SupervisorClient::SupervisorClient(EventLoop& loop, UniqueFd fd, Hooks hooks)
    : loop_(loop),
      hooks_(std::move(hooks)),
      pump_(loop, std::move(fd),
            {[this](const ipc::ToComms& message) { hooks_.on_message(message); },
             [this](ipc::PeerEnd end, const std::string& why) { on_end(end, why); }}),
      ping_timer_(loop, [this] { ping(); }) {
  ping_timer_.after(std::chrono::milliseconds(0));
}

SupervisorClient::~SupervisorClient() = default;

void SupervisorClient::ping() {
  ping_timer_.after(kPingInterval);
  hooks_.prove_workers_alive([this, post = loop_.post(), alive = std::weak_ptr<bool>(alive_)] {
    (void)post([this, alive] {
      if (alive.expired()) return;
      send(ipc::Ping{++pings_});
    });
  });
}

void SupervisorClient::on_end(ipc::PeerEnd end, const std::string& why) {
  ping_timer_.cancel();
  if (end == ipc::PeerEnd::kBrokeProtocol) {
    log::error("The supervisor sent a message that breaks the protocol: " + why);
  } else if (end == ipc::PeerEnd::kFailed) {
    log::error("The channel to the supervisor failed: " + why);
  }
  hooks_.on_gone(end == ipc::PeerEnd::kGone);
}

}  // namespace sutra::comms
