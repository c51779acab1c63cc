#include "comms/probe/listener_owner.h"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "common/unique_fd.h"
#include "comms/probe/socket_diag.h"

namespace sutra::comms {
namespace {

using Address = std::array<std::uint8_t, 16>;

constexpr Address kWildcard4{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};
constexpr Address kWildcard6{};

std::string_view next_word(std::string_view& line) {
  const auto begin = std::min(line.find_first_not_of(' '), line.size());
  const auto end = std::min(line.find(' ', begin), line.size());
  const auto word = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return word;
}

template <typename T>
bool number(std::string_view text, int base, T& out) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

/// The kernel prints each 32-bit word of the address as a number of the host's byte order.
bool parse_address(std::string_view hex, bool v6, Address& out) {
  const std::size_t words = v6 ? 4 : 1;
  if (hex.size() != words * 8) return false;
  out = v6 ? kWildcard6 : kWildcard4;
  for (std::size_t i = 0; i < words; ++i) {
    std::uint32_t word = 0;
    if (!number(hex.substr(i * 8, 8), 16, word)) return false;
    std::memcpy(out.data() + (v6 ? i * 4 : 12), &word, sizeof word);
  }
  return true;
}

std::optional<Listener> parse_line(std::string_view line, bool v6) {
  constexpr std::string_view kListen = "0A";
  next_word(line);  // "12:"
  const auto local = next_word(line);
  next_word(line);  // remote
  if (next_word(line) != kListen) return std::nullopt;
  for (int skipped = 0; skipped < 3; ++skipped) next_word(line);  // queues, timer, retransmits
  const auto colon = local.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  Listener listener;
  if (!parse_address(local.substr(0, colon), v6, listener.address)) return std::nullopt;
  if (!number(local.substr(colon + 1), 16, listener.port)) return std::nullopt;
  if (!number(next_word(line), 10, listener.uid)) return std::nullopt;
  return listener;
}

Result<std::string> read_file(const char* path) {
  const UniqueFd fd(open(path, O_RDONLY | O_CLOEXEC));
  if (!fd) return errno_error("open", path);
  std::string text;
  std::array<char, 16384> buffer;
  while (true) {
    const auto n = ::read(fd.get(), buffer.data(), buffer.size());
    if (n == 0) return text;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error("read", path);
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

struct Table {
  int family;
  const char* path;  ///< where netlink does not answer
};

}  // namespace

void parse_listeners(std::string_view text, bool v6, std::vector<Listener>& out) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    if (const auto listener = parse_line(text.substr(0, end), v6)) out.push_back(*listener);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::vector<std::uint32_t> owners_of(const std::vector<Listener>& listeners, const Address& address,
                                     std::uint16_t port) {
  std::vector<std::uint32_t> exact, wildcard;
  for (const auto& listener : listeners) {
    if (listener.port != port) continue;
    if (listener.address == address) exact.push_back(listener.uid);
    if (listener.address == kWildcard4 || listener.address == kWildcard6) wildcard.push_back(listener.uid);
  }
  return exact.empty() ? wildcard : exact;
}

Status ListenerTable::read() {
  std::vector<Listener> listeners;
  for (const auto& table : {Table{AF_INET, "/proc/self/net/tcp"}, Table{AF_INET6, "/proc/self/net/tcp6"}}) {
    if (ask_for_listeners(table.family, listeners)) continue;
    const auto text = read_file(table.path);
    if (text) {
      parse_listeners(text.value(), table.family == AF_INET6, listeners);
    } else if (table.family == AF_INET || text.error().errnum != ENOENT) {  // ENOENT: a host without IPv6
      return text.error();
    }
  }
  listeners_ = std::move(listeners);
  read_at_ = std::chrono::steady_clock::now();
  return {};
}

Result<std::vector<std::uint32_t>> ListenerTable::owners(const Address& address, std::uint16_t port) {
  if (read_at_ && std::chrono::steady_clock::now() - *read_at_ < kFresh) {
    auto known = owners_of(listeners_, address, port);
    if (!known.empty()) return known;
  }
  const auto status = read();
  if (!status) return status.error();
  return owners_of(listeners_, address, port);
}

}  // namespace sutra::comms
