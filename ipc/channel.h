// A SOCK_SEQPACKET endpoint: whole messages in, whole messages out, never blocking. Both processes and ctl.
// It owns the fd and a bounded queue of packets that the peer was too slow to take; the owner watches the fd
// with its own event loop (read always, write while wants_write()). One thread, or the caller's lock.
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
  /// Takes a connected, CLOEXEC SOCK_SEQPACKET fd and makes it non-blocking.
  explicit Channel(UniqueFd fd);

  /// Two connected endpoints, CLOEXEC.
  [[nodiscard]] static Result<std::pair<UniqueFd, UniqueFd>> make_pair();
  /// Connects to a listening control socket.
  [[nodiscard]] static Result<UniqueFd> connect(const std::string& path);

  [[nodiscard]] int fd() const { return fd_.get(); }

  struct Empty {};   ///< nothing to read now
  struct Closed {};  ///< the peer is gone
  /// Reads one packet into `buffer`. Never blocks. Packets larger than kMaxPacket, and packets that carry
  /// descriptors, are an Error (the peer breaks the protocol).
  using Received = std::variant<std::span<const std::byte>, Empty, Closed, Error>;
  [[nodiscard]] Received receive();

  /// Queues and sends as much as the socket takes. Fails when the peer is gone (EPIPE; no SIGPIPE is raised)
  /// or when more than kMaxQueued packets wait: a peer that does not read is broken.
  [[nodiscard]] Status send_bytes(std::span<const std::byte> packet);
  template <typename Message>
  [[nodiscard]] Status send(const Message& message) {
    const auto packet = encode(message);
    return send_bytes(std::as_bytes(std::span(&packet, 1)));
  }
  /// Sends what waits; call when the fd is writable.
  [[nodiscard]] Status flush();
  [[nodiscard]] bool wants_write() const { return !queue_.empty(); }

  static constexpr std::size_t kMaxQueued = 4096;

 private:
  UniqueFd fd_;
  std::deque<std::vector<std::byte>> queue_;
  std::array<std::byte, kMaxPacket + 1> buffer_{};
};

}  // namespace sutra::ipc
