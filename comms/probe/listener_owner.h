// Whom a listening TCP socket belongs to, as the kernel tells it: over netlink, else in /proc/self/net/tcp
// and tcp6. Comms.
#pragma once
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace sutra::comms {

/// One socket in LISTEN. IPv4 addresses are kept as IPv6 (::ffff:a.b.c.d), the IPv4 wildcard too.
struct Listener {
  std::array<std::uint8_t, 16> address{};
  std::uint16_t port = 0;
  std::uint32_t uid = 0;
};

/// `text` in the format of /proc/net/tcp (v6: of tcp6). Lines that are not sockets in LISTEN are left out.
/// Pure.
void parse_listeners(std::string_view text, bool v6, std::vector<Listener>& out);

/// The uids of those who may get a connection to `address`:`port`: the listeners on that very address, or,
/// where there are none, those on a wildcard. Empty: nobody listens. Pure.
[[nodiscard]] std::vector<std::uint32_t> owners_of(const std::vector<Listener>& listeners,
                                                   const std::array<std::uint8_t, 16>& address,
                                                   std::uint16_t port);

/// The table, read again when it is older than kFresh or knows nothing of the port that is asked for.
class ListenerTable {
 public:
  [[nodiscard]] Result<std::vector<std::uint32_t>> owners(const std::array<std::uint8_t, 16>& address,
                                                          std::uint16_t port);
  static constexpr std::chrono::milliseconds kFresh{50};

 private:
  [[nodiscard]] Status read();
  std::vector<Listener> listeners_;
  std::optional<std::chrono::steady_clock::time_point> read_at_;
};

}  // namespace sutra::comms
