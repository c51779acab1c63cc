// Listening sockets from the kernel's sock_diag (netlink). Both processes.
//
// Takes about 40 us for a host's listeners, whatever else the host does: connections are not walked. Needs
// the kernel's tcp_diag, which loads itself at the first question where it is a module, and a seccomp filter
// or a RestrictAddressFamilies= that lets AF_NETLINK through.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/listeners/listener.h"

namespace sutra {

/// What one datagram of an answer said.
enum class DiagAnswer {
  kMore,     ///< the list goes on in the next datagram
  kEnd,      ///< the list is complete
  kRefused,  ///< an error of the kernel's, an incomplete list, or bytes that are not such an answer
};

/// Takes one datagram of the answer to question `sequence` apart and adds its listeners to `out`; after
/// kRefused what was added so far must not be used. Never reads beyond `datagram`. Pure.
[[nodiscard]] DiagAnswer parse_sock_diag(std::span<const std::byte> datagram, std::uint32_t sequence,
                                         std::vector<Listener>& out);

/// Adds the listeners of AF_INET and AF_INET6 to `out`: of `port` alone, or of all ports with 0. False, and
/// nothing added, where the kernel does not answer for both families. Never blocks.
[[nodiscard]] bool ask_sock_diag(std::uint16_t port, std::vector<Listener>& out);

}  // namespace sutra
