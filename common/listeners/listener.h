// One TCP socket in LISTEN, as the kernel shows it. Both processes.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace sutra {

/// 16 bytes in network order. An IPv4 address a.b.c.d is kept as ::ffff:a.b.c.d, the IPv4 wildcard too.
using IpAddress = std::array<std::uint8_t, 16>;

inline constexpr IpAddress kAnyIpv4{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};
inline constexpr IpAddress kAnyIpv6{};

struct Listener {
  IpAddress address{};
  std::uint16_t port = 0;
  std::uint32_t uid = 0;  ///< of whoever made the socket

  /// Connections that wait to be accepted.
  std::uint32_t accept_queue = 0;
  /// The backlog: one connection more than this may wait, further ones are dropped. Nothing when only /proc
  /// was read.
  std::optional<std::uint32_t> accept_queue_limit;
  /// The cgroup v2 in which the socket was made: the inode of its directory. Nothing when only /proc was
  /// read, or when the kernel does not tell (before Linux 5.8, or built without CONFIG_SOCK_CGROUP_DATA).
  std::optional<std::uint64_t> cgroup_id;

  friend bool operator==(const Listener&, const Listener&) = default;
};

/// The 4 bytes of an IPv4 address as a IpAddress.
[[nodiscard]] IpAddress mapped_ipv4(const std::uint8_t (&bytes)[4]);

/// "127.0.0.1", "0.0.0.0", "::1", "::".
[[nodiscard]] std::string address_text(const IpAddress& address);

}  // namespace sutra
