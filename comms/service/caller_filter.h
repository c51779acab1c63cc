// Restricts calls over plaintext from other hosts to the Masters' addresses. Comms.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/config.h"
#include "common/loop/event_loop.h"
#include "common/loop/timer.h"

namespace sutra::comms {

/// The IP address in gRPC's peer name ("ipv4:10.0.0.1:4711", "ipv6:%5B::1%5D:4711"). Empty when there is
/// none. Pure.
[[nodiscard]] std::string peer_address(std::string_view peer);

/// Thread-safe.
class CallerFilter {
 public:
  /// From now on permits only these addresses. Before the first call every caller is permitted.
  void permit_only(std::set<std::string> addresses);
  [[nodiscard]] bool permits(std::string_view peer) const;

 private:
  mutable std::mutex mutex_;
  bool restricted_ = false;
  std::set<std::string> addresses_;
};

/// Sets the filter to the addresses of the Masters' names. Resolves the names at once and every minute, in
/// libuv's thread pool, because getaddrinfo(3) blocks. A name that cannot be resolved keeps its previous
/// addresses.
class MasterAddresses {
 public:
  MasterAddresses(EventLoop& loop, std::vector<HostPort> hosts, CallerFilter& filter);
  ~MasterAddresses();
  MasterAddresses(const MasterAddresses&) = delete;
  MasterAddresses& operator=(const MasterAddresses&) = delete;

 private:
  struct Lookup;
  void look_up_all();
  void look_up(const std::string& host);
  void resolved(const std::string& host, std::set<std::string> addresses);

  EventLoop& loop_;
  std::vector<HostPort> hosts_;
  CallerFilter& filter_;
  std::map<std::string, std::set<std::string>> known_;
  Timer timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sutra::comms
