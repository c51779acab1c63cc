// Who listens on which TCP port of this host (of our network namespace). Both processes; any thread.
//
// Asks sock_diag, else reads /proc/net/tcp and tcp6. Opens an AF_NETLINK socket for the call and no internet
// socket; no port is connected to.
#pragma once
#include <cstdint>
#include <vector>

#include "common/listeners/listener.h"
#include "common/result.h"

namespace sutra {

/// All sockets in LISTEN. An address family that the kernel lacks is left out. Fails when neither witness can
/// be had: that says nothing about who listens.
[[nodiscard]] Result<std::vector<Listener>> tcp_listeners();

/// Those on `port`.
[[nodiscard]] Result<std::vector<Listener>> tcp_listeners_on(std::uint16_t port);

}  // namespace sutra
