// Runs a Channel on an event loop: reads, decodes and delivers messages, and sends when the peer reads. Both
// processes; the loop's thread.
//
// `ended` is called once, when nothing more can come; always from the loop, never from within send(). Both
// callbacks may destroy the pump. At most kPacketsPerTurn packets are delivered in one turn of the loop, so
// that a peer that sends all the time cannot block everything else on the loop.
#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "common/loop/event_loop.h"
#include "common/result.h"
#include "common/unique_fd.h"
#include "ipc/codec.h"

namespace sutra::ipc {

/// Why a channel has ended.
enum class PeerEnd {
  kGone,           ///< the peer closed its end or died
  kBrokeProtocol,  ///< the peer sent something that is no message of this channel
  kFailed,         ///< the peer does not read (Channel::kMaxQueued packets wait), or a system call failed
};

/// The pump for undecoded packets.
class PacketPump {
 public:
  struct Hooks {
    /// Return an error when the packet breaks the protocol: the channel then ends with kBrokeProtocol.
    std::function<Status(std::span<const std::byte> packet)> packet;
    /// Called once; no other callback follows. `why` is empty for kGone.
    std::function<void(PeerEnd end, const std::string& why)> ended;
  };
  static constexpr std::size_t kPacketsPerTurn = 64;

  /// Takes ownership of `fd` (see Channel). Calls no callback from within this call.
  PacketPump(EventLoop& loop, UniqueFd fd, Hooks hooks);
  /// Closes the channel. `ended` is not called.
  ~PacketPump();
  PacketPump(const PacketPump&) = delete;
  PacketPump& operator=(const PacketPump&) = delete;

  /// Sends or queues the packet. False: the channel has ended; `ended` was called or will be.
  bool send(std::span<const std::byte> packet);
  /// For a peer whose process has ended: delivers the packets that it had sent, from within this call.
  void read_rest();
  /// The descriptor; owned by the pump.
  [[nodiscard]] int fd() const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with a running callback, because it may destroy the pump
};

/// `In`: the variant of messages that the peer may send: FromComms, ToComms, FromOperator or ToOperator.
template <typename In>
class ChannelPump {
 public:
  struct Hooks {
    std::function<void(const In&)> message;
    std::function<void(PeerEnd end, const std::string& why)> ended;
  };

  ChannelPump(EventLoop& loop, UniqueFd fd, Hooks hooks)
      : packets_(loop, std::move(fd),
                 {[deliver = std::move(hooks.message)](std::span<const std::byte> packet) -> Status {
                    const Result<In> message = decode<In>(packet);
                    if (!message) return message.error();
                    deliver(message.value());
                    return {};
                  },
                  std::move(hooks.ended)}) {}

  /// See PacketPump::send().
  template <typename Message>
  bool send(const Message& message) {
    const auto packet = encode(message);
    return packets_.send(std::as_bytes(std::span(&packet, 1)));
  }
  void read_rest() { packets_.read_rest(); }
  [[nodiscard]] int fd() const { return packets_.fd(); }

 private:
  PacketPump packets_;
};

}  // namespace sutra::ipc
