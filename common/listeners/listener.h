// One listening TCP socket (state LISTEN). Both processes.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace sutra {

/// 16 bytes in network byte order. An IPv4 address a.b.c.d, also 0.0.0.0, is stored as ::ffff:a.b.c.d.
using IpAddress = std::array<std::uint8_t, 16>;

inline constexpr IpAddress kAnyIpv4{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};
inline constexpr IpAddress kAnyIpv6{};

struct Listener {
  IpAddress address{};
  std::uint16_t port = 0;
  std::uint32_t uid = 0;  ///< the user who created the socket

  /// Number of connections that wait for accept(2).
  std::uint32_t accept_queue = 0;
  /// The backlog: up to this number plus one may wait, further ones are dropped. Nullopt when read from
  /// /proc.
  std::optional<std::uint32_t> accept_queue_limit;
  /// The cgroup v2 in which the socket was created: the inode number of its directory. Nullopt when read from
  /// /proc, before Linux 5.8, and without CONFIG_SOCK_CGROUP_DATA.
  std::optional<std::uint64_t> cgroup_id;

  friend bool operator==(const Listener&, const Listener&) = default;
};

/// Converts the 4 bytes of an IPv4 address.
[[nodiscard]] IpAddress mapped_ipv4(const std::uint8_t (&bytes)[4]);

/// "127.0.0.1", "0.0.0.0", "::1", "::".
[[nodiscard]] std::string address_text(const IpAddress& address);

}  // namespace sutra
