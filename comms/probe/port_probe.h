// One probe of one port: connect, check that the listener is the node's user's (and no TCP self-connect), and
// for a running node send liveness_send and wait for liveness_expect. Comms; the loop's thread.
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
  std::uint16_t avoid_from = 0;  ///< ports at and above belong to nodes: not to be our source port; 0: none
  std::string send, expect;      ///< for a running node; both empty: a connection is enough
};

/// Where nodes are reached: `listen_address` when it is a specific IP address, else 127.0.0.1.
[[nodiscard]] std::string probe_host(const std::string& listen_address);

class PortProbe {
 public:
  using Done = std::function<void(Verdict, const std::string& why)>;
  /// `done` is called exactly once, from the loop and never from here, unless the probe is destroyed before;
  /// it may destroy the probe. `target` and `listeners` outlive it.
  PortProbe(EventLoop& loop, const ProbeTarget& target, ProbeOrder order, ListenerTable& listeners,
            Done done);
  PortProbe(const PortProbe&) = delete;
  PortProbe& operator=(const PortProbe&) = delete;

  static constexpr std::size_t kMaxAnswer = 64 * 1024;

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
  FdWatch watch_;  // declared after the descriptor: closed before it
  Timer timer_;
  bool connected_ = false;
  bool opened_ = false;
  std::string unsent_, answer_;
};

}  // namespace sutra::comms
