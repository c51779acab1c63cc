#include "comms/probe/port_probe.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/config/config.h"
#include "common/result.h"

namespace sutra::comms {
namespace {

#ifndef IP_LOCAL_PORT_RANGE
constexpr int IP_LOCAL_PORT_RANGE = 51;  // since Linux 6.3; older C libraries do not know its number
#endif

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
  [[nodiscard]] sockaddr* raw() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketAddress address_of(const std::string& host, std::uint16_t port) {
  SocketAddress out;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
  if (inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    out.length = sizeof(sockaddr_in6);
  } else {
    out.storage = {};
    if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) != 1) v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    out.length = sizeof(sockaddr_in);
  }
  return out;
}

std::array<std::uint8_t, 16> as_v6(const SocketAddress& address) {
  std::array<std::uint8_t, 16> out{};
  if (address.storage.ss_family == AF_INET6) {
    std::memcpy(out.data(), &reinterpret_cast<const sockaddr_in6*>(&address.storage)->sin6_addr, 16);
  } else {
    out[10] = out[11] = 0xff;
    std::memcpy(out.data() + 12, &reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_addr, 4);
  }
  return out;
}

/// True for errors that the node causes. Other errors are ours (no descriptors left) and say nothing about
/// the node.
bool is_verdict(int errnum) {
  return errnum == ECONNREFUSED || errnum == ECONNRESET || errnum == ETIMEDOUT || errnum == EPIPE ||
         errnum == ECONNABORTED;
}

/// When nothing listens on a port within the kernel's range of source ports, connect() may choose that same
/// port as source, and TCP connects the socket to itself (simultaneous open). That must not count as a
/// listener.
bool connected_to_itself(int fd) {
  SocketAddress here, there;
  here.length = there.length = sizeof(sockaddr_storage);
  if (getsockname(fd, here.raw(), &here.length) != 0 || getpeername(fd, there.raw(), &there.length) != 0)
    return false;
  return here.length == there.length && std::memcmp(&here.storage, &there.storage, here.length) == 0;
}

/// Keeps our source port below the nodes' range: a probe must not occupy the port of a node that is starting.
void avoid_ports(int fd, std::uint16_t from) {
  if (from < 2) return;
  // High half: the highest port. Low half 0: the host's lower limit (ip(7)).
  const std::uint32_t range = (static_cast<std::uint32_t>(from) - 1U) << 16;
  (void)setsockopt(fd, IPPROTO_IP, IP_LOCAL_PORT_RANGE, &range, sizeof range);  // fails before Linux 6.3
}

}  // namespace

std::string probe_host(const std::string& listen_address) {
  in_addr v4{};
  in6_addr v6{};
  if (inet_pton(AF_INET, listen_address.c_str(), &v4) == 1 && v4.s_addr != htonl(INADDR_ANY))
    return listen_address;
  if (inet_pton(AF_INET6, listen_address.c_str(), &v6) == 1 && !IN6_IS_ADDR_UNSPECIFIED(&v6))
    return listen_address;
  return "127.0.0.1";
}

PortProbe::PortProbe(EventLoop& loop, const ProbeTarget& target, ProbeOrder order, ListenerTable& listeners,
                     Done done)
    : loop_(loop),
      target_(target),
      order_(order),
      listeners_(listeners),
      done_(std::move(done)),
      timer_(loop, [this] {
        if (!std::exchange(opened_, true)) return open();
        settle(Verdict::kFails, connected_
                                    ? "read from " + endpoint() + ": the expected answer did not come in time"
                                    : "connect " + endpoint() + ": no answer in time");
      }) {
  if (order_.liveness) unsent_ = target_.send;
  timer_.after(std::chrono::milliseconds(0));
}

std::string PortProbe::endpoint() const {
  return HostPort{target_.host, static_cast<std::uint16_t>(order_.port)}.text();
}

void PortProbe::open() {
  timer_.after(target_.timeout);
  auto address = address_of(target_.host, static_cast<std::uint16_t>(order_.port));
  fd_.reset(socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd_) return settle_errno("socket for", errno);
  avoid_ports(fd_.get(), target_.avoid_from);
  if (connect(fd_.get(), address.raw(), address.length) != 0 && errno != EINPROGRESS) {
    return settle_errno("connect", errno);
  }
  watch_ = FdWatch(loop_, fd_.get(), UV_WRITABLE, [this](int) { on_ready(); });
}

void PortProbe::on_ready() {
  if (connected_) return exchange();
  int errnum = 0;
  socklen_t size = sizeof errnum;
  if (getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &errnum, &size) != 0) errnum = errno;
  if (errnum != 0) return settle_errno("connect", errnum);
  connected_ = true;
  on_connected();
}

void PortProbe::on_connected() {
  if (connected_to_itself(fd_.get()))
    return settle(Verdict::kFails,
                  "connect " + endpoint() + ": no process listens there (a TCP self-connect)");
  const auto owners =
      listeners_.owners(as_v6(address_of(target_.host, 0)), static_cast<std::uint16_t>(order_.port));
  if (!owners) return settle(Verdict::kNone, owners.error().message());
  for (const auto uid : owners.value()) {
    if (uid != order_.uid) {
      return settle(Verdict::kFails, "the listener on " + endpoint() + " belongs to uid " +
                                         std::to_string(uid) + ", not to the node's user, uid " +
                                         std::to_string(order_.uid));
    }
  }
  if (owners.value().empty())
    return settle(Verdict::kFails,
                  "the listener on " + endpoint() + " was closed right after it took the connection");
  if (!order_.liveness || (target_.send.empty() && target_.expect.empty()))
    return settle(Verdict::kServes, {});
  exchange();
}

void PortProbe::exchange() {
  while (!unsent_.empty()) {
    const auto n = ::send(fd_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) break;
    if (n < 0) return settle_errno("send to", errno);
    unsent_.erase(0, static_cast<std::size_t>(n));
  }
  if (unsent_.empty() && target_.expect.empty()) return settle(Verdict::kServes, {});
  std::array<char, 4096> buffer;
  while (true) {
    const auto n = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) break;
    if (n < 0) return settle_errno("read from", errno);
    if (n == 0)
      return settle(Verdict::kFails, "read from " + endpoint() + ": closed before the expected answer");
    answer_.append(buffer.data(), static_cast<std::size_t>(n));
    if (answer_.find(target_.expect) != std::string::npos) return settle(Verdict::kServes, {});
    if (answer_.size() > kMaxAnswer)
      return settle(Verdict::kFails, "the answer of " + endpoint() + " does not contain the expected text");
  }
  watch_.watch(unsent_.empty() ? UV_READABLE : UV_READABLE | UV_WRITABLE);
}

void PortProbe::settle_errno(const char* operation, int errnum) {
  settle(is_verdict(errnum) ? Verdict::kFails : Verdict::kNone,
         Error{operation, endpoint(), errnum, {}, {}}.message());
}

void PortProbe::settle(Verdict verdict, const std::string& why) {
  const auto done = std::exchange(done_, nullptr);
  if (done) done(verdict, why);  // may have destroyed this
}

}  // namespace sutra::comms
