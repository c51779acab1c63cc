#include "common/host_port.h"

#include <arpa/inet.h>
#include <strings.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "common/text.h"

namespace sutra {
namespace {

constexpr std::size_t kHostMax = 253;

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::optional<in_addr> ipv4(std::string_view text) {
  in_addr address{};
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  if (inet_pton(AF_INET, std::string(text).c_str(), &address) != 1) return std::nullopt;
  return address;
}

std::optional<in6_addr> ipv6(std::string_view text) {
  in6_addr address{};
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  if (inet_pton(AF_INET6, std::string(text).c_str(), &address) != 1) return std::nullopt;
  return address;
}

Error fault(std::string_view text, std::string cause, std::string remedy = {}) {
  if (remedy.empty()) remedy = R"(write it as "host:port")";
  return make_error({}, '"' + printable(text) + '"', std::move(cause), std::move(remedy));
}

std::optional<std::uint16_t> port_number(std::string_view digits) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port == 0) return std::nullopt;
  return port;
}

Result<HostPort> with_port(std::string_view text, std::string_view host, std::string_view rest) {
  if (rest.empty()) return fault(text, "the port is missing");
  const auto port = port_number(rest.substr(1));
  if (!port) {
    return fault(text, "\"" + printable(rest.substr(1)) + "\" is not a valid port",
                 "a port is a number from 1 to 65535");
  }
  return HostPort{std::string(host), *port};
}

Result<HostPort> bracketed(std::string_view text) {
  const std::size_t close = text.find(']');
  const std::string_view rest = close == std::string_view::npos ? text : text.substr(close + 1);
  if (close == std::string_view::npos || (!rest.empty() && rest.front() != ':')) {
    return fault(text, "the brackets are not closed before the port", R"(write it as "[::1]:7000")");
  }
  const std::string_view host = text.substr(1, close - 1);
  if (!ipv6(host))
    return fault(text, "there is no IPv6 address between the brackets", R"(write it as "[::1]:7000")");
  return with_port(text, host, rest);
}

}  // namespace

std::string HostPort::text() const {
  const bool literal = host.find(':') != std::string::npos;
  return (literal ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

bool HostPort::is_loopback() const { return is_loopback_host(host); }

Result<HostPort> parse_host_port(std::string_view text) {
  if (text.empty()) return fault(text, "it is empty");
  if (const std::size_t scheme = text.find("://"); scheme != std::string_view::npos) {
    return fault(text, "it has a scheme", R"(write only "host:port", without "://")");
  }
  if (text.front() == '[') return bracketed(text);
  const std::size_t colon = text.find(':');
  if (colon != text.rfind(':')) {
    return fault(text, "it has more than one colon", R"(write an IPv6 address in brackets: "[::1]:7000")");
  }
  const std::string_view host = text.substr(0, colon);
  if (host.empty()) return fault(text, "the host is missing");
  if (!is_host(host)) return fault(text, "the host is neither a name nor an address");
  return with_port(text, host, colon == std::string_view::npos ? std::string_view{} : text.substr(colon));
}

bool is_ip_address(std::string_view text) { return ipv4(text) || ipv6(text); }

bool is_host(std::string_view text) {
  if (is_ip_address(text)) return true;
  if (text.empty() || text.size() > kHostMax || text.front() == '-' || text.front() == '.') return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

bool is_loopback_host(std::string_view host) {
  if (const auto v4 = ipv4(host)) return (ntohl(v4->s_addr) >> 24) == 127;
  if (const auto v6 = ipv6(host)) return IN6_IS_ADDR_LOOPBACK(&*v6) != 0;
  return strcasecmp(std::string(host).c_str(), "localhost") == 0;
}

bool is_wildcard_address(std::string_view address) {
  if (const auto v4 = ipv4(address)) return v4->s_addr == htonl(INADDR_ANY);
  const auto v6 = ipv6(address);
  return v6 && IN6_IS_ADDR_UNSPECIFIED(&*v6) != 0;
}

}  // namespace sutra
