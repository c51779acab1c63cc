// Listening sockets by sock_diag(7), a netlink protocol. Both processes.
//
// About 40 us per call, independent of the number of connections. Needs the kernel's tcp_diag (a module is
// loaded at the first request), and AF_NETLINK must be allowed by the seccomp filter and
// RestrictAddressFamilies=.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/listeners/listener.h"

namespace sutra {

/// The meaning of one datagram of an answer.
enum class DiagAnswer {
  kMore,     ///< the list continues in the next datagram
  kEnd,      ///< the list is complete
  kRefused,  ///< a kernel error, an incomplete list, or malformed bytes
};

/// Parses one datagram of the answer to request `sequence` and adds its listeners to `out`. After kRefused
/// the caller must discard `out`. Never reads beyond `datagram`. Pure.
[[nodiscard]] DiagAnswer parse_sock_diag(std::span<const std::byte> datagram, std::uint32_t sequence,
                                         std::vector<Listener>& out);

/// Adds the listening sockets of AF_INET and AF_INET6 on `port` (0: on all ports) to `out`. False, with `out`
/// unchanged, when the kernel does not answer for both families. Never blocks.
[[nodiscard]] bool ask_sock_diag(std::uint16_t port, std::vector<Listener>& out);

}  // namespace sutra
