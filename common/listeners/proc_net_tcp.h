// Listening sockets from /proc/net/tcp and tcp6: the fallback where sock_diag does not answer. It costs more
// (the kernel walks its whole table of connections: 10 ms for an empty one of 262,144 buckets) and tells
// less: no cgroup, no limit of the accept queue. Both processes.
#pragma once
#include <string_view>
#include <vector>

#include "common/listeners/listener.h"
#include "common/result.h"

namespace sutra {

/// The sockets in LISTEN of a text in the format of /proc/net/tcp or tcp6 (the address's length tells which).
/// Lines of other sockets, and lines that are not of this format, are left out. Pure.
[[nodiscard]] std::vector<Listener> parse_proc_net_tcp(std::string_view text);

/// Adds the listeners of both families to `out`. An address family that the kernel lacks is left out. On an
/// error `out` holds what was read before it.
[[nodiscard]] Status read_proc_net_tcp(std::vector<Listener>& out);

/// The same from one file of that format.
[[nodiscard]] Status read_proc_net_tcp(const char* path, std::vector<Listener>& out);

}  // namespace sutra
