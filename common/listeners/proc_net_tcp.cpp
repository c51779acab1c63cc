#include "common/listeners/proc_net_tcp.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>

#include "common/unique_fd.h"

namespace sutra {
namespace {

constexpr std::size_t kPiece = 16384;

std::string_view next_word(std::string_view& line) {
  const auto begin = std::min(line.find_first_not_of(' '), line.size());
  const auto end = std::min(line.find(' ', begin), line.size());
  const auto word = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return word;
}

/// False unless the whole of `text` is one number that fits.
template <typename T>
bool number(std::string_view text, int base, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return error == std::errc() && end == text.data() + text.size();
}

/// The kernel prints each 32-bit word of the address as a number in host byte order.
bool parse_address(std::string_view hex, IpAddress& out) {
  constexpr std::size_t kDigits = 8;
  const std::size_t words = hex.size() / kDigits;
  if (hex.size() % kDigits != 0 || (words != 1 && words != 4)) return false;
  out = words == 1 ? kAnyIpv4 : kAnyIpv6;
  for (std::size_t i = 0; i < words; ++i) {
    std::uint32_t word = 0;
    if (!number(hex.substr(i * kDigits, kDigits), 16, word)) return false;
    std::memcpy(out.data() + (words == 1 ? 12 : i * 4), &word, sizeof word);
  }
  return true;
}

/// "  12: 0100007F:1F40 00000000:0000 0A TX:RX timer:when retransmits uid ..."
std::optional<Listener> parse_line(std::string_view line) {
  constexpr std::string_view kListen = "0A";
  next_word(line);  // "12:"
  const auto local = next_word(line);
  next_word(line);  // the other end
  if (next_word(line) != kListen) return std::nullopt;
  const auto queues = next_word(line);
  next_word(line);  // timer
  next_word(line);  // retransmits
  const auto colon = local.find(':'), between = queues.find(':');
  if (colon == std::string_view::npos || between == std::string_view::npos) return std::nullopt;
  Listener listener;
  // For a listening socket the receive queue is the accept queue. Its limit is not in the file.
  const bool whole = parse_address(local.substr(0, colon), listener.address) &&
                     number(local.substr(colon + 1), 16, listener.port) &&
                     number(queues.substr(between + 1), 16, listener.accept_queue) &&
                     number(next_word(line), 10, listener.uid);
  return whole ? std::optional(listener) : std::nullopt;
}

}  // namespace

std::vector<Listener> parse_proc_net_tcp(std::string_view text) {
  std::vector<Listener> found;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    if (const auto listener = parse_line(text.substr(0, end))) found.push_back(*listener);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return found;
}

Status read_proc_net_tcp(const char* path, std::vector<Listener>& out) {
  const UniqueFd file(::open(path, O_RDONLY | O_CLOEXEC));
  if (!file && errno == ENOENT) return {};  // the kernel has no such address family
  if (!file) return errno_error("open", path, "without it ports in use by others cannot be seen");
  // Parse while reading, and keep only the unfinished line: on a host with many connections (also in
  // TIME_WAIT) the file has megabytes.
  std::string text;
  char piece[kPiece];
  for (;;) {
    const ssize_t got = ::read(file.get(), piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("read", path);
    text.append(piece, static_cast<std::size_t>(got));
    const std::size_t whole_lines = got == 0 ? text.size() : text.rfind('\n') + 1;
    const auto found = parse_proc_net_tcp(std::string_view(text).substr(0, whole_lines));
    out.insert(out.end(), found.begin(), found.end());
    text.erase(0, whole_lines);
    if (got == 0) return {};
    if (text.size() > kPiece) return make_error("read", path, "it has a line of more than 16 KiB");
  }
}

Status read_proc_net_tcp(std::vector<Listener>& out) {
  for (const char* path : {"/proc/self/net/tcp", "/proc/self/net/tcp6"}) {
    if (Status read = read_proc_net_tcp(path, out); !read) return read;
  }
  return {};
}

}  // namespace sutra
