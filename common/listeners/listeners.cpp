#include "common/listeners/listeners.h"

#include "common/listeners/proc_net_tcp.h"
#include "common/listeners/sock_diag.h"

namespace sutra {
namespace {

constexpr std::uint16_t kAllPorts = 0;

Result<std::vector<Listener>> listeners_on(std::uint16_t port) {
  std::vector<Listener> found;
  if (!ask_sock_diag(port, found)) {
    if (Status read = read_proc_net_tcp(found); !read) return read.error();
  }
  // Also after sock_diag: a kernel without the filter by port returns the sockets of all ports.
  if (port != kAllPorts) std::erase_if(found, [port](const Listener& each) { return each.port != port; });
  return found;
}

}  // namespace

Result<std::vector<Listener>> tcp_listeners() { return listeners_on(kAllPorts); }

Result<std::vector<Listener>> tcp_listeners_on(std::uint16_t port) {
  if (port == kAllPorts) return std::vector<Listener>{};  // no socket can listen on port 0
  return listeners_on(port);
}

}  // namespace sutra
