// Finds the users whose sockets receive connections to an address and port of this host. Comms; the loop's
// thread.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/listeners/listener.h"
#include "common/result.h"

namespace sutra::comms {

/// The uids of the listeners that may receive a connection to `address`:`port`: those on exactly that
/// address; if there are none, those on a wildcard address. Empty: no socket listens there. Pure.
[[nodiscard]] std::vector<std::uint32_t> owners_of(const std::vector<Listener>& listeners,
                                                   const IpAddress& address, std::uint16_t port);

/// A cache of the host's listeners. Asks the kernel again when the last answer is older than kFresh or does
/// not contain the port. The cache is needed because many nodes are probed in one turn of the loop, and
/// without sock_diag each read of /proc costs 10 ms or more.
class ListenerTable {
 public:
  [[nodiscard]] Result<std::vector<std::uint32_t>> owners(const IpAddress& address, std::uint16_t port);
  static constexpr std::chrono::milliseconds kFresh{50};

 private:
  std::vector<Listener> listeners_;
  std::optional<std::chrono::steady_clock::time_point> read_at_;
};

}  // namespace sutra::comms
