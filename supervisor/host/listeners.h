// Who listens on which TCP port, from /proc/self/net/tcp and tcp6. Supervisor.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"

namespace sutra {

/// One socket in LISTEN.
struct Listener {
  std::string address;  ///< "127.0.0.1", "::"
  std::uint16_t port = 0;
  uid_t uid = 0;
};

/// All of them. An address family that the kernel lacks is left out.
[[nodiscard]] Result<std::vector<Listener>> tcp_listeners();

/// The same, from the text of a /proc/net/tcp{,6} file: pure.
[[nodiscard]] std::vector<Listener> parse_tcp_listeners(const std::string& text);

}  // namespace sutra
