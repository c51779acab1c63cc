#include "supervisor/host/listeners.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <sstream>

#include "common/unique_fd.h"

namespace sutra {
namespace {

constexpr unsigned kStateListen = 0x0A;

// The address is printed as 32-bit words of the machine's own byte order; the bytes in memory are the
// address.
std::optional<std::string> address_text(const std::string& hex) {
  const bool is_v6 = hex.size() == 32;
  if (!is_v6 && hex.size() != 8) return std::nullopt;
  std::array<std::uint32_t, 4> words{};
  for (std::size_t i = 0; i < hex.size() / 8; ++i) {
    words[i] = static_cast<std::uint32_t>(std::strtoul(hex.substr(i * 8, 8).c_str(), nullptr, 16));
  }
  char text[INET6_ADDRSTRLEN];
  if (::inet_ntop(is_v6 ? AF_INET6 : AF_INET, words.data(), text, sizeof text) == nullptr)
    return std::nullopt;
  return std::string(text);
}

}  // namespace

std::vector<Listener> parse_tcp_listeners(const std::string& text) {
  std::vector<Listener> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    char address[33] = {};
    unsigned port = 0, state = 0, uid = 0;
    // sl: local remote st tx:rx tr:when retransmits uid
    const int read =
        std::sscanf(line.c_str(), " %*d: %32[0-9A-Fa-f]:%4x %*[0-9A-Fa-f]:%*x %x %*x:%*x %*x:%*x %*x %u",
                    address, &port, &state, &uid);
    if (read != 4 || state != kStateListen) continue;
    if (const auto shown = address_text(address))
      found.push_back({*shown, static_cast<std::uint16_t>(port), uid});
  }
  return found;
}

namespace {

/// In pieces: a host with many connections (those in TIME_WAIT are listed, too) has megabytes of them, which
/// must not become our heap.
Status read_table(const char* path, std::vector<Listener>& found) {
  const UniqueFd file(::open(path, O_RDONLY | O_CLOEXEC));
  if (!file && errno == ENOENT) return {};  // the kernel has no such address family
  if (!file) return errno_error("open", path, "without it ports in use by others cannot be seen");
  std::string text;
  char chunk[16384];
  for (;;) {
    const ssize_t got = ::read(file.get(), chunk, sizeof chunk);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("read", path);
    text.append(chunk, static_cast<std::size_t>(got));
    const std::size_t whole = got == 0 ? text.size() : text.rfind('\n') + 1;
    for (Listener& listener : parse_tcp_listeners(text.substr(0, whole)))
      found.push_back(std::move(listener));
    text.erase(0, whole);
    if (got == 0) return {};
  }
}

}  // namespace

Result<std::vector<Listener>> tcp_listeners() {
  std::vector<Listener> all;
  for (const char* path : {"/proc/self/net/tcp", "/proc/self/net/tcp6"}) {
    if (const Status read = read_table(path, all); !read) return read.error();
  }
  return all;
}

}  // namespace sutra
