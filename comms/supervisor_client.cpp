#include "comms/supervisor_client.h"

#include <cerrno>
#include <chrono>
#include <span>
#include <utility>
#include <variant>

#include "common/log/logging.h"
#include "ipc/codec.h"

namespace sutra::comms {
namespace {
constexpr std::chrono::milliseconds kPingInterval{2000};

bool hung_up(const Error& error) { return error.errnum == EPIPE || error.errnum == ECONNRESET; }

}  // namespace

SupervisorClient::SupervisorClient(EventLoop& loop, UniqueFd fd, Hooks hooks)
    : loop_(loop),
      channel_(std::move(fd)),
      hooks_(std::move(hooks)),
      watch_(loop, channel_.fd(), UV_READABLE, [this](int events) { on_ready(events); }),
      ping_timer_(loop, [this] { ping(); }) {
  ping_timer_.after(std::chrono::milliseconds(0));
}

SupervisorClient::~SupervisorClient() = default;

void SupervisorClient::watch() {
  if (gone_) return;
  watch_.watch(UV_READABLE | (channel_.wants_write() ? UV_WRITABLE : 0));
}

void SupervisorClient::on_ready(int events) {
  if ((events & UV_WRITABLE) != 0 && channel_.wants_write() && !sent(channel_.flush())) return;
  if ((events & ~UV_WRITABLE) != 0) read_all();
}

void SupervisorClient::read_all() {
  const std::weak_ptr<bool> alive = alive_;
  while (!alive.expired() && !gone_) {
    const auto received = channel_.receive();
    if (std::holds_alternative<ipc::Channel::Empty>(received)) return;
    if (std::holds_alternative<ipc::Channel::Closed>(received)) return gone(true);
    if (const auto* error = std::get_if<Error>(&received)) {
      if (hung_up(*error)) return gone(true);
      log::error("Read from the supervisor: " + error->message());
      return gone(false);
    }
    const auto message = ipc::decode<ipc::ToComms>(std::get<std::span<const std::byte>>(received));
    if (!message) {
      log::error("A message of the supervisor cannot be understood: " + message.error().message());
      return gone(false);
    }
    hooks_.on_message(message.value());
  }
}

void SupervisorClient::ping() {
  ping_timer_.after(kPingInterval);
  hooks_.prove_workers_alive([this, post = loop_.post(), alive = std::weak_ptr<bool>(alive_)] {
    (void)post([this, alive] {
      if (alive.expired()) return;
      send(ipc::Ping{++pings_});
    });
  });
}

bool SupervisorClient::sent(const Status& status) {
  if (!status.ok()) {
    if (!gone_) {
      log::debug("", "Send to the supervisor: " + status.error().message());
      gone(hung_up(status.error()));
    }
    return false;
  }
  watch();
  return true;
}

void SupervisorClient::gone(bool orderly) {
  if (std::exchange(gone_, true)) return;
  watch_.watch(0);
  ping_timer_.cancel();
  hooks_.on_gone(orderly);
}

}  // namespace sutra::comms
