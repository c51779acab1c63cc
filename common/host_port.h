// "host:port" as it is written in configuration files and sent over the wire. No name is resolved. Both
// processes.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.h"

namespace sutra {

/// "host:port" taken apart; IPv6 literals are written "[::1]:7000".
struct HostPort {
  std::string host;  ///< without brackets
  std::uint16_t port = 0;
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool is_loopback() const;  ///< 127.0.0.0/8, ::1 or "localhost"
  friend bool operator==(const HostPort&, const HostPort&) = default;
};

/// The error's cause says which part is wrong; its remedy, how to write it.
[[nodiscard]] Result<HostPort> parse_host_port(std::string_view text);

/// An IPv4 or IPv6 address without brackets, port or zone.
[[nodiscard]] bool is_ip_address(std::string_view text);

/// An address, or 1-253 of A-Z a-z 0-9 . _ - that do not start with a dash or a dot.
[[nodiscard]] bool is_host(std::string_view text);

/// 127.0.0.0/8, ::1 or "localhost".
[[nodiscard]] bool is_loopback_host(std::string_view host);

/// 0.0.0.0 or ::, in any spelling.
[[nodiscard]] bool is_wildcard_address(std::string_view address);

}  // namespace sutra
