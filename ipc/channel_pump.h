// Drives one packet channel on an event loop: reads, decodes, delivers, and sends as the peer takes it. Both
// processes; the loop's thread.
//
// The owner is told once, by `ended`, that nothing more comes; it is always told from the loop, never from
// within send(). Both callbacks may destroy the pump. In one turn of the loop at most kPacketsPerTurn packets
// are delivered, so that a peer that sends without end cannot keep the loop from everything else.
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

/// Why nothing more comes from a peer.
enum class PeerEnd {
  kGone,           ///< it closed its end, or its process is dead
  kBrokeProtocol,  ///< what it sent is no message of this channel
  kFailed,  ///< it does not read (Channel::kMaxQueued packets wait), or the kernel refused to send or receive
};

/// The pump without the decoding: packets in, packets out.
class PacketPump {
 public:
  struct Hooks {
    /// An error means that the packet breaks the protocol: it ends the channel.
    std::function<Status(std::span<const std::byte> packet)> packet;
    /// Once, and nothing after it. `why` is empty for kGone.
    std::function<void(PeerEnd end, const std::string& why)> ended;
  };
  static constexpr std::size_t kPacketsPerTurn = 64;

  /// Takes the descriptor of a Channel. Nothing is delivered from within this call.
  PacketPump(EventLoop& loop, UniqueFd fd, Hooks hooks);
  /// Closes the channel. `ended` is not called.
  ~PacketPump();
  PacketPump(const PacketPump&) = delete;
  PacketPump& operator=(const PacketPump&) = delete;

  /// Sends, or queues what the peer does not take yet. False: the peer has ended; `ended` was called or will
  /// be.
  bool send(std::span<const std::byte> packet);
  /// For a peer whose process is dead: delivers all that it had sent before, now.
  void read_rest();
  /// Still owned here.
  [[nodiscard]] int fd() const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // a callback that runs shares it, as the callback may destroy the pump
};

/// `In` is the variant of what the peer may send: FromComms, ToComms, FromOperator or ToOperator.
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

  /// As PacketPump::send().
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
