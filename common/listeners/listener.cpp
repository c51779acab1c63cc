#include "common/listeners/listener.h"

#include <arpa/inet.h>

#include <algorithm>

namespace sutra {
namespace {

constexpr std::size_t kIpv4At = 12;

}  // namespace

IpAddress mapped_ipv4(const std::uint8_t (&bytes)[4]) {
  IpAddress address = kAnyIpv4;
  std::copy(std::begin(bytes), std::end(bytes), address.begin() + kIpv4At);
  return address;
}

std::string address_text(const IpAddress& address) {
  const bool ipv4 = std::equal(kAnyIpv4.begin(), kAnyIpv4.begin() + kIpv4At, address.begin());
  char text[INET6_ADDRSTRLEN] = {};
  (void)::inet_ntop(ipv4 ? AF_INET : AF_INET6, address.data() + (ipv4 ? kIpv4At : 0), text, sizeof text);
  return text;
}

}  // namespace sutra
