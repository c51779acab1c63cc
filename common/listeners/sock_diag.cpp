#include "common/listeners/sock_diag.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "common/unique_fd.h"

namespace sutra {
namespace {

constexpr std::uint16_t kCgroupId =
    21;  // INET_DIAG_CGROUP_ID, since Linux 5.8: newer than some C libraries' headers
constexpr std::uint8_t kFamilies[] = {AF_INET, AF_INET6};
constexpr std::size_t kDatagramMax = 32768;  // what the kernel puts into one datagram at most

struct Question {
  nlmsghdr header{};
  inet_diag_req_v2 body{};
};

/// A copy of the struct at the start of `bytes`; nullopt when they are too short. A copy, because of
/// alignment.
template <typename T>
std::optional<T> read_struct(std::span<const std::byte> bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T out;
  std::memcpy(&out, bytes.data(), sizeof out);
  return out;
}

/// `bytes` without its first item. Netlink pads items to four bytes, but not always the last one
/// (netlink(3)).
std::span<const std::byte> after_item(std::span<const std::byte> bytes, std::size_t length) {
  return bytes.subspan(std::min<std::size_t>(NLMSG_ALIGN(length), bytes.size()));
}

std::optional<std::uint64_t> cgroup_id_in(std::span<const std::byte> attributes) {
  while (const auto attribute = read_struct<rtattr>(attributes)) {
    if (attribute->rta_len < sizeof *attribute || attribute->rta_len > attributes.size()) return std::nullopt;
    if (attribute->rta_type == kCgroupId)
      return read_struct<std::uint64_t>(
          attributes.subspan(sizeof *attribute, attribute->rta_len - sizeof *attribute));
    attributes = after_item(attributes, attribute->rta_len);
  }
  return std::nullopt;
}

Listener listener_of(const inet_diag_msg& socket, std::span<const std::byte> attributes) {
  Listener listener;
  if (socket.idiag_family == AF_INET) {
    std::uint8_t bytes[4];
    std::memcpy(bytes, socket.id.idiag_src, sizeof bytes);
    listener.address = mapped_ipv4(bytes);
  } else {
    std::memcpy(listener.address.data(), socket.id.idiag_src, listener.address.size());
  }
  listener.port = ntohs(socket.id.idiag_sport);
  listener.uid = socket.idiag_uid;
  listener.accept_queue = socket.idiag_rqueue;  // this meaning only for a listening socket
  listener.accept_queue_limit = socket.idiag_wqueue;
  listener.cgroup_id = cgroup_id_in(attributes);
  return listener;
}

/// NLMSG_DONE carries the return value of the kernel's handler: -ENOENT without tcp_diag. That answer has no
/// listeners either, but it must not mean "nothing listens".
DiagAnswer end_of_list(std::span<const std::byte> payload) {
  return read_struct<std::int32_t>(payload).value_or(0) < 0 ? DiagAnswer::kRefused : DiagAnswer::kEnd;
}

bool ask(const UniqueFd& kernel, std::uint8_t family, std::uint16_t port, std::uint32_t sequence) {
  Question question;
  question.header.nlmsg_len = sizeof question;
  question.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  question.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  question.header.nlmsg_seq = sequence;
  question.body.sdiag_family = family;
  question.body.sdiag_protocol = IPPROTO_TCP;
  question.body.idiag_states = 1U << TCP_LISTEN;
  question.body.id.idiag_sport = htons(port);  // filters by port; 0: no filter
  return ::send(kernel.get(), &question, sizeof question, 0) == static_cast<ssize_t>(sizeof question);
}

/// The next datagram of the kernel; empty when there is none or it was truncated.
std::span<const std::byte> next_datagram(const UniqueFd& kernel, std::span<std::byte> buffer) {
  for (;;) {
    sockaddr_nl sender{};
    socklen_t size = sizeof sender;
    // Without waiting: the kernel queues the first datagram during our send(), and each further one while we
    // read the one before.
    const ssize_t got = ::recvfrom(kernel.get(), buffer.data(), buffer.size(), MSG_DONTWAIT | MSG_TRUNC,
                                   reinterpret_cast<sockaddr*>(&sender), &size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || static_cast<std::size_t>(got) > buffer.size()) return {};
    if (sender.nl_pid == 0)
      return buffer.first(static_cast<std::size_t>(got));  // ignore a datagram of another process
  }
}

bool hear(const UniqueFd& kernel, std::uint32_t sequence, std::vector<Listener>& out) {
  alignas(nlmsghdr) std::array<std::byte, kDatagramMax> buffer;
  for (;;) {
    switch (parse_sock_diag(next_datagram(kernel, buffer), sequence, out)) {
      case DiagAnswer::kMore:
        continue;
      case DiagAnswer::kEnd:
        return true;
      case DiagAnswer::kRefused:
        return false;
    }
  }
}

}  // namespace

DiagAnswer parse_sock_diag(std::span<const std::byte> datagram, std::uint32_t sequence,
                           std::vector<Listener>& out) {
  if (datagram.empty()) return DiagAnswer::kRefused;
  while (!datagram.empty()) {
    const auto header = read_struct<nlmsghdr>(datagram);
    if (!header || header->nlmsg_len < sizeof *header || header->nlmsg_len > datagram.size() ||
        header->nlmsg_seq != sequence)
      return DiagAnswer::kRefused;
    // The table changed during the dump, so the list may be incomplete.
    if ((header->nlmsg_flags & NLM_F_DUMP_INTR) != 0) return DiagAnswer::kRefused;
    const auto payload = datagram.subspan(sizeof *header, header->nlmsg_len - sizeof *header);
    if (header->nlmsg_type == NLMSG_DONE) return end_of_list(payload);
    const auto socket = read_struct<inet_diag_msg>(payload);
    if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY || !socket) return DiagAnswer::kRefused;
    out.push_back(listener_of(*socket, payload.subspan(sizeof *socket)));
    datagram = after_item(datagram, header->nlmsg_len);
  }
  return DiagAnswer::kMore;
}

bool ask_sock_diag(std::uint16_t port, std::vector<Listener>& out) {
  const UniqueFd kernel(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!kernel) return false;
  std::vector<Listener> found;
  std::uint32_t sequence = 0;
  for (const std::uint8_t family : kFamilies) {
    ++sequence;
    if (!ask(kernel, family, port, sequence) || !hear(kernel, sequence, found)) return false;
  }
  out.insert(out.end(), found.begin(), found.end());
  return true;
}

}  // namespace sutra
