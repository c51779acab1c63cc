// One end of a SOCK_SEQPACKET socket (unix(7)), which keeps message boundaries. Never blocks. Owns the
// descriptor and a bounded queue of packets that the peer has not read yet. The caller watches the
// descriptor: for reading always, for writing while wants_write(). Not thread-safe. Both processes and
// sutra-agentctl.
#pragma once
#include <array>
#include <cstddef>
#include <deque>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"
#include "ipc/codec.h"

namespace sutra::ipc {

class Channel {
 public:
  /// Takes ownership of a connected SOCK_SEQPACKET socket with CLOEXEC, and makes it non-blocking.
  explicit Channel(UniqueFd fd);

  /// Two connected sockets with CLOEXEC.
  [[nodiscard]] static Result<std::pair<UniqueFd, UniqueFd>> make_pair();
  /// Connects to the control socket at `path`. Blocks up to 5 s when the agent does not accept.
  [[nodiscard]] static Result<UniqueFd> connect(const std::string& path);

  [[nodiscard]] int fd() const { return fd_.get(); }

  struct Empty {};   ///< nothing to read now
  struct Closed {};  ///< the peer closed its end or died
  /// Reads one packet; the span is valid until the next call. An Error without an errno means that the peer
  /// breaks the protocol: a packet is larger than kMaxPacket, is empty, or carries descriptors.
  using Received = std::variant<std::span<const std::byte>, Empty, Closed, Error>;
  [[nodiscard]] Received receive();

  /// Sends the packet, or queues it when the socket is full. An error when the peer has closed (EPIPE,
  /// without a SIGPIPE) or when kMaxQueued packets wait already: a peer that does not read is defective.
  [[nodiscard]] Status send_bytes(std::span<const std::byte> packet);
  template <typename Message>
  [[nodiscard]] Status send(const Message& message) {
    const auto packet = encode(message);
    return send_bytes(std::as_bytes(std::span(&packet, 1)));
  }
  /// Sends queued packets. Call it when the descriptor is writable.
  [[nodiscard]] Status flush();
  [[nodiscard]] bool wants_write() const { return !queue_.empty(); }

  static constexpr std::size_t kMaxQueued = 4096;

 private:
  UniqueFd fd_;
  std::deque<std::vector<std::byte>> queue_;
  std::array<std::byte, kMaxPacket + 1> buffer_{};
};

}  // namespace sutra::ipc
