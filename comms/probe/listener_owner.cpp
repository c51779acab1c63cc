#include "comms/probe/listener_owner.h"

#include <utility>

#include "common/listeners/listeners.h"

namespace sutra::comms {

std::vector<std::uint32_t> owners_of(const std::vector<Listener>& listeners, const IpAddress& address,
                                     std::uint16_t port) {
  std::vector<std::uint32_t> exact, wildcard;
  for (const auto& listener : listeners) {
    if (listener.port != port) continue;
    if (listener.address == address) exact.push_back(listener.uid);
    if (listener.address == kAnyIpv4 || listener.address == kAnyIpv6) wildcard.push_back(listener.uid);
  }
  return exact.empty() ? wildcard : exact;
}

Result<std::vector<std::uint32_t>> ListenerTable::owners(const IpAddress& address, std::uint16_t port) {
  const auto now = std::chrono::steady_clock::now();
  if (read_at_ && now - *read_at_ < kFresh) {
    auto known = owners_of(listeners_, address, port);
    if (!known.empty()) return known;
  }
  auto listeners = tcp_listeners();
  if (!listeners) return listeners.error();
  listeners_ = std::move(listeners).value();
  read_at_ = now;
  return owners_of(listeners_, address, port);
}

}  // namespace sutra::comms
