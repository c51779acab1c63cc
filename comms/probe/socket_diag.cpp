#include "comms/probe/socket_diag.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "common/unique_fd.h"

namespace sutra::comms {
namespace {

struct Question {
  nlmsghdr header{};
  inet_diag_req_v2 body{};
};

bool ask(const UniqueFd& kernel, int family) {
  Question question;
  question.header.nlmsg_len = sizeof question;
  question.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  question.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  question.body.sdiag_family = static_cast<std::uint8_t>(family);
  question.body.sdiag_protocol = IPPROTO_TCP;
  question.body.idiag_states = 1U << TCP_LISTEN;
  return send(kernel.get(), &question, sizeof question, 0) == sizeof question;
}

Listener listener_of(const inet_diag_msg& socket) {
  Listener listener;
  if (socket.idiag_family == AF_INET) {
    listener.address[10] = listener.address[11] = 0xff;
    std::memcpy(listener.address.data() + 12, socket.id.idiag_src, 4);
  } else {
    std::memcpy(listener.address.data(), socket.id.idiag_src, listener.address.size());
  }
  listener.port = ntohs(socket.id.idiag_sport);
  listener.uid = socket.idiag_uid;
  return listener;
}

enum class Heard { kMore, kAll, kNothing };

/// One datagram of the answer.
Heard take(const std::byte* at, std::size_t size, std::vector<Listener>& out) {
  nlmsghdr header;
  while (size >= sizeof header) {
    std::memcpy(&header, at, sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > size) return Heard::kNothing;
    // Sockets came and went while it was told: the list may lack one.
    if ((header.nlmsg_flags & NLM_F_DUMP_INTR) != 0) return Heard::kNothing;
    if (header.nlmsg_type == NLMSG_DONE) return Heard::kAll;
    if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY) return Heard::kNothing;
    inet_diag_msg socket;
    if (header.nlmsg_len < sizeof header + sizeof socket) return Heard::kNothing;
    std::memcpy(&socket, at + sizeof header, sizeof socket);
    out.push_back(listener_of(socket));
    const std::size_t step = NLMSG_ALIGN(header.nlmsg_len);
    if (step >= size) break;
    at += step;
    size -= step;
  }
  return Heard::kMore;
}

}  // namespace

bool ask_for_listeners(int family, std::vector<Listener>& out) {
  const UniqueFd kernel(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!kernel || !ask(kernel, family)) return false;
  std::vector<Listener> found;
  alignas(nlmsghdr) std::array<std::byte, 32768> buffer;
  while (true) {
    // The kernel writes the answer while it takes the question, and each further part while the last is read.
    const auto n = recv(kernel.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    const Heard heard = take(buffer.data(), static_cast<std::size_t>(n), found);
    if (heard == Heard::kNothing) return false;
    if (heard == Heard::kAll) break;
  }
  out.insert(out.end(), found.begin(), found.end());
  return true;
}

}  // namespace sutra::comms
