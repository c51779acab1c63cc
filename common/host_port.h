// Parses and checks "host:port", as in configuration files and in messages to the Master. Resolves no names.
// Pure. Both processes.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.h"

namespace sutra {

/// A host and a port. text() writes an IPv6 address in brackets: "[::1]:7000".
struct HostPort {
  std::string host;  ///< without brackets
  std::uint16_t port = 0;
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool is_loopback() const;  ///< 127.0.0.0/8, ::1 or "localhost"
  friend bool operator==(const HostPort&, const HostPort&) = default;
};

/// Parses "host:port". The error's cause says which part is wrong, its remedy how to write it.
[[nodiscard]] Result<HostPort> parse_host_port(std::string_view text);

/// True for an IPv4 or IPv6 address without brackets, port or zone.
[[nodiscard]] bool is_ip_address(std::string_view text);

/// True for an IP address, or 1 to 253 of A-Z a-z 0-9 . _ - without a dash or dot at the start.
[[nodiscard]] bool is_host(std::string_view text);

/// True for 127.0.0.0/8, ::1 and "localhost".
[[nodiscard]] bool is_loopback_host(std::string_view host);

/// True for 0.0.0.0 and ::, in any spelling.
[[nodiscard]] bool is_wildcard_address(std::string_view address);

}  // namespace sutra
