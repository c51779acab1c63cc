// Who may call us over plaintext from outside of the host: nobody but the Masters' addresses. Comms.
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

/// The IP address in gRPC's name of a peer: "ipv4:10.0.0.1:4711", "ipv6:%5B::1%5D:4711". Empty: not one.
[[nodiscard]] std::string peer_address(std::string_view peer);

/// Safe to call from any thread.
class CallerFilter {
 public:
  /// Until this is called everyone is permitted.
  void permit_only(std::set<std::string> addresses);
  [[nodiscard]] bool permits(std::string_view peer) const;

 private:
  mutable std::mutex mutex_;
  bool restricted_ = false;
  std::set<std::string> addresses_;
};

/// Keeps a filter in step with what the Masters' names resolve to: now and every minute, off the loop's
/// thread. A name that cannot be resolved keeps the addresses it had.
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
