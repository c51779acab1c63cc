// Listening sockets from /proc/net/tcp and tcp6 (proc(5)), used when sock_diag does not answer. Slower,
// because the kernel walks its whole table of connections (10 ms for an empty table of 262,144 buckets).
// Gives neither the cgroup nor the limit of the accept queue. Both processes.
#pragma once
#include <string_view>
#include <vector>

#include "common/listeners/listener.h"
#include "common/result.h"

namespace sutra {

/// The listening sockets in a text in the format of /proc/net/tcp or tcp6. Skips other sockets and lines of
/// another format. Pure.
[[nodiscard]] std::vector<Listener> parse_proc_net_tcp(std::string_view text);

/// Adds the listening sockets of both address families to `out`. An address family that the kernel does not
/// have is no error. On an error `out` holds what was read before.
[[nodiscard]] Status read_proc_net_tcp(std::vector<Listener>& out);

/// Reads one file of that format; a missing file is no error.
[[nodiscard]] Status read_proc_net_tcp(const char* path, std::vector<Listener>& out);

}  // namespace sutra
