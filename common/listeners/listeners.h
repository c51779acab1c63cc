// The listening TCP sockets of our network namespace. Both processes; any thread.
//
// Asks sock_diag; if the kernel does not answer, reads /proc/net/tcp and tcp6. Opens an AF_NETLINK socket
// during the call, and never an internet socket; connects to no port.
#pragma once
#include <cstdint>
#include <vector>

#include "common/listeners/listener.h"
#include "common/result.h"

namespace sutra {

/// All listening TCP sockets. Without those of an address family that the kernel does not have. An error when
/// neither source can be read; it does not mean that nothing listens.
[[nodiscard]] Result<std::vector<Listener>> tcp_listeners();

/// The listening TCP sockets on `port`. Errors as above.
[[nodiscard]] Result<std::vector<Listener>> tcp_listeners_on(std::uint16_t port);

}  // namespace sutra
