// One probe of one port: connects, checks that the listener belongs to the node's user (and that it is no TCP
// self-connect); for a running node also sends liveness_send and waits for liveness_expect. Comms; the loop's
// thread.
#pragma once
#include <functional>
#include <string>

#include "common/loop/event_loop.h"
#include "common/loop/fd_watch.h"
#include "common/loop/timer.h"
#include "common/unique_fd.h"
#include "comms/probe/listener_owner.h"
#include "comms/probe/probe_schedule.h"

namespace sutra::comms {

struct ProbeTarget {
  std::string host;  ///< an IP address
  std::chrono::milliseconds timeout{};
  std::uint16_t avoid_from =
      0;                     ///< this port and all above are for nodes: never our source port; 0: no limit
  std::string send, expect;  ///< for a running node; both empty: a connection is enough
};

/// The address to probe nodes at: `listen_address` when it is a specific IP address, else 127.0.0.1. Pure.
[[nodiscard]] std::string probe_host(const std::string& listen_address);

class PortProbe {
 public:
  using Done = std::function<void(Verdict, const std::string& why)>;
  /// Starts the probe. `done` is called once, from the loop and never from within this call; not when the
  /// probe is destroyed before. It may destroy the probe. `target` and `listeners` must outlive the probe.
  PortProbe(EventLoop& loop, const ProbeTarget& target, ProbeOrder order, ListenerTable& listeners,
            Done done);
  PortProbe(const PortProbe&) = delete;
  PortProbe& operator=(const PortProbe&) = delete;

  static constexpr std::size_t kMaxAnswer = 64 * 1024;  ///< bytes

 private:
  void open();
  void on_ready();
  void on_connected();
  void exchange();
  void settle(Verdict verdict, const std::string& why);
  void settle_errno(const char* operation, int errnum);
  [[nodiscard]] std::string endpoint() const;

  EventLoop& loop_;
  const ProbeTarget& target_;
  ProbeOrder order_;
  ListenerTable& listeners_;
  Done done_;
  UniqueFd fd_;
  FdWatch watch_;  // declared after fd_, so destroyed before the descriptor is closed
  Timer timer_;
  bool connected_ = false;
  bool opened_ = false;
  std::string unsent_, answer_;
};

}  // namespace sutra::comms
