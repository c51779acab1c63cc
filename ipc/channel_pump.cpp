#include "ipc/channel_pump.h"

#include <cerrno>
#include <chrono>
#include <optional>
#include <variant>

#include "common/loop/fd_watch.h"
#include "common/loop/timer.h"
#include "ipc/channel.h"

namespace sutra::ipc {
namespace {

bool hung_up(const Error& error) { return error.errnum == EPIPE || error.errnum == ECONNRESET; }

/// An error with an errno comes from a system call; without one the packet was wrong (see
/// Channel::receive()).
PeerEnd end_of(const Error& error) {
  if (hung_up(error)) return PeerEnd::kGone;
  return error.errnum != 0 ? PeerEnd::kFailed : PeerEnd::kBrokeProtocol;
}

}  // namespace

struct PacketPump::State : std::enable_shared_from_this<PacketPump::State> {
  State(EventLoop& loop, UniqueFd fd, Hooks given)
      : channel(std::move(fd)),
        hooks(std::move(given)),
        watch(loop, channel.fd(), UV_READABLE, [this](int events) { on_ready(events); }),
        unsent(loop, [this] { on_unsent(); }) {}

  void on_ready(int events) {
    const auto keep = shared_from_this();
    if ((events & UV_WRITABLE) != 0 && !send_error) take_result(channel.flush());
    if ((events & ~UV_WRITABLE) != 0) read(kPacketsPerTurn);
    watch_again();
  }

  void watch_again() {
    if (over) return;
    // After a send error do not watch for writability: the descriptor stays writable, and the loop would
    // spin.
    const bool waits = channel.wants_write() && !send_error;
    watch.watch(UV_READABLE | (waits ? UV_WRITABLE : 0));
  }

  /// False: no packet is left to be read now, or the channel has ended.
  bool read_one() {
    const auto received = channel.receive();
    if (std::holds_alternative<Channel::Empty>(received)) return false;
    if (std::holds_alternative<Channel::Closed>(received)) {
      end(PeerEnd::kGone, {});
      return false;
    }
    if (const auto* error = std::get_if<Error>(&received)) {
      end(end_of(*error), error->message());
      return false;
    }
    const Status taken = hooks.packet(std::get<std::span<const std::byte>>(received));
    if (!taken && !over) end(PeerEnd::kBrokeProtocol, taken.error().message());
    return true;
  }

  void read(std::size_t limit) {
    for (std::size_t i = 0; i < limit && !over; ++i) {
      if (!read_one()) return;
    }
  }

  bool take_result(const Status& sent) {
    if (sent) return true;
    send_error = sent.error();
    // Report it later from the loop: the caller of send() must not be destroyed by its own call.
    unsent.after(std::chrono::milliseconds(0));
    return false;
  }

  /// Reports a send error. When the peer has closed, first deliver the packets that it had sent before.
  void on_unsent() {
    const auto keep = shared_from_this();
    const bool gone = hung_up(*send_error);
    if (gone) read(Channel::kMaxQueued);
    if (!over) end(gone ? PeerEnd::kGone : PeerEnd::kFailed, gone ? std::string() : send_error->message());
  }

  void end(PeerEnd how, const std::string& why) {
    stop();
    hooks.ended(how, how == PeerEnd::kGone ? std::string() : why);
  }

  void stop() {
    over = true;
    watch.stop();
    unsent.cancel();
  }

  Channel channel;
  Hooks hooks;
  bool over = false;  ///< `ended` was called, or the pump is destroyed
  std::optional<Error> send_error;
  FdWatch watch;
  Timer unsent;
};

PacketPump::PacketPump(EventLoop& loop, UniqueFd fd, Hooks hooks)
    : state_(std::make_shared<State>(loop, std::move(fd), std::move(hooks))) {}

PacketPump::~PacketPump() { state_->stop(); }

bool PacketPump::send(std::span<const std::byte> packet) {
  if (state_->over || state_->send_error) return false;
  if (!state_->take_result(state_->channel.send_bytes(packet))) return false;
  state_->watch_again();
  return true;
}

void PacketPump::read_rest() {
  const auto keep = state_;
  // A dead process can have left only what the socket's buffer holds. The limit is for the case that another
  // process shares its end and goes on sending.
  keep->read(Channel::kMaxQueued);
  keep->watch_again();
}

int PacketPump::fd() const { return state_->channel.fd(); }

}  // namespace sutra::ipc
