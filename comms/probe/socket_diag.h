// The kernel's own list of listening TCP sockets, over netlink. Comms.
#pragma once
#include <vector>

#include "comms/probe/listener_owner.h"

namespace sutra::comms {

/// Adds the listeners of AF_INET or AF_INET6 to `out`. The answer takes 0.1 ms whatever the host does, where
/// /proc/net/tcp walks the table of all connections: 10 ms for an empty one of 262,144 places, and more for
/// each connection. False, and nothing added, where the kernel does not answer (no tcp_diag module, a filter
/// above us).
[[nodiscard]] bool ask_for_listeners(int family, std::vector<Listener>& out);

}  // namespace sutra::comms
