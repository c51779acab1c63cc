#include "ipc/channel.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace sutra::ipc {
namespace {

constexpr int kConnectTimeoutSecs = 5;

enum class Sent { kYes, kFull, kFailed };

Sent send_now(int fd, std::span<const std::byte> packet) {
  for (;;) {
    if (::send(fd, packet.data(), packet.size(), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return Sent::kYes;
    if (errno == EINTR) continue;
    return errno == EAGAIN || errno == EWOULDBLOCK ? Sent::kFull : Sent::kFailed;
  }
}

// recvmsg() returns 0 for an empty packet and for the end of the connection. Only the end sets POLLRDHUP.
bool hung_up(int fd) {
  pollfd watched{.fd = fd, .events = POLLRDHUP, .revents = 0};
  return ::poll(&watched, 1, 0) != 0;
}

const char* connect_remedy(int errnum) {
  if (errnum == ENOENT || errnum == ECONNREFUSED) {
    return "the agent is not running, or runs with another runtime_dir";
  }
  if (errnum == EACCES || errnum == EPERM) return "run this as root or as the user who runs the agent";
  if (errnum == EAGAIN) return "the agent does not accept connections: it hangs, or is overrun";
  if (errnum == EPROTOTYPE) return "this is not the agent's control socket";
  return "";
}

}  // namespace

Channel::Channel(UniqueFd fd) : fd_(std::move(fd)) {
  // A failure does no harm: every send and receive also passes MSG_DONTWAIT.
  const int flags = ::fcntl(fd_.get(), F_GETFL);
  if (flags >= 0) ::fcntl(fd_.get(), F_SETFL, flags | O_NONBLOCK);
}

Result<std::pair<UniqueFd, UniqueFd>> Channel::make_pair() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) != 0) {
    return errno_error("make", "socket pair", "raise LimitNOFILE if descriptors ran out");
  }
  return std::pair(UniqueFd(fds[0]), UniqueFd(fds[1]));
}

Result<UniqueFd> Channel::connect(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return make_error("connect to", path,
                      "a socket's path has 1 to " + std::to_string(sizeof address.sun_path - 1) +
                          " bytes, this one has " + std::to_string(path.size()),
                      "choose a shorter runtime_dir");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!fd) return errno_error("make", "socket");
  // connect(2) blocks while the listener's backlog is full. An agent that hangs must not block sutra-agentctl
  // for ever.
  const timeval limit{.tv_sec = kConnectTimeoutSecs, .tv_usec = 0};
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0) {
    return errno_error("set SO_SNDTIMEO on", "socket");
  }
  int rc = 0;
  do {
    rc = ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  } while (rc != 0 && errno == EINTR);
  if (rc != 0) return errno_error("connect to", path, connect_remedy(errno));
  return fd;
}

Channel::Received Channel::receive() {
  for (;;) {
    iovec space{.iov_base = buffer_.data(), .iov_len = buffer_.size()};
    msghdr message{};
    message.msg_iov = &space;
    message.msg_iovlen = 1;
    // Without a control buffer the kernel discards passed descriptors and sets MSG_CTRUNC (recvmsg(2)).
    const ssize_t got = ::recvmsg(fd_.get(), &message, MSG_DONTWAIT);
    if (got < 0) {
      if (errno == EINTR) continue;
      // The peer closed before it had read all our packets. The kernel reports that once. Go on reading: its
      // last packets may be in our queue, then comes the end.
      if (errno == ECONNRESET) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return Empty{};
      return errno_error("receive from", "peer");
    }
    if ((message.msg_flags & MSG_CTRUNC) != 0) {
      return make_error("receive from", "peer", "the packet carries descriptors; none are ever passed here");
    }
    const auto bytes = static_cast<std::size_t>(got);
    if (bytes > kMaxPacket || (message.msg_flags & MSG_TRUNC) != 0) {
      return make_error("receive from", "peer",
                        "the packet is larger than " + std::to_string(kMaxPacket) + " bytes");
    }
    if (bytes == 0) {
      if (hung_up(fd_.get())) return Closed{};
      return make_error("receive from", "peer", "the packet is empty");
    }
    return std::span<const std::byte>(buffer_.data(), bytes);
  }
}

Status Channel::send_bytes(std::span<const std::byte> packet) {
  if (packet.empty() || packet.size() > kMaxPacket) {
    return make_error("send to", "peer",
                      "a packet has 1 to " + std::to_string(kMaxPacket) + " bytes, this one has " +
                          std::to_string(packet.size()));
  }
  if (auto flushed = flush(); !flushed) return flushed;
  if (queue_.empty()) {
    const Sent sent = send_now(fd_.get(), packet);
    if (sent == Sent::kYes) return {};
    if (sent == Sent::kFailed) return errno_error("send to", "peer");
  }
  if (queue_.size() >= kMaxQueued) {
    return make_error("send to", "peer",
                      std::to_string(kMaxQueued) + " packets wait for it: it does not read");
  }
  queue_.emplace_back(packet.begin(), packet.end());
  return {};
}

Status Channel::flush() {
  while (!queue_.empty()) {
    const Sent sent = send_now(fd_.get(), queue_.front());
    if (sent == Sent::kFull) return {};
    if (sent == Sent::kFailed) return errno_error("send to", "peer");
    queue_.pop_front();
  }
  return {};
}

}  // namespace sutra::ipc
