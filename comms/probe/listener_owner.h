// Which users' sockets get a connection to an address and port of this host. Comms; the loop's thread.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/listeners/listener.h"
#include "common/result.h"

namespace sutra::comms {

/// The uids of the listeners that may get a connection to `address`:`port`: those on that very address, or,
/// where there are none, those on a wildcard. Empty: no socket listens there. Pure.
[[nodiscard]] std::vector<std::uint32_t> owners_of(const std::vector<Listener>& listeners,
                                                   const IpAddress& address, std::uint16_t port);

/// The host's listeners, asked for again when the last answer is older than kFresh or has nothing about the
/// port. Kept that long because many nodes are probed in one turn of the loop, and where only /proc tells who
/// listens each read costs 10 ms and more.
class ListenerTable {
 public:
  [[nodiscard]] Result<std::vector<std::uint32_t>> owners(const IpAddress& address, std::uint16_t port);
  static constexpr std::chrono::milliseconds kFresh{50};

 private:
  std::vector<Listener> listeners_;
  std::optional<std::chrono::steady_clock::time_point> read_at_;
};

}  // namespace sutra::comms
