// Probes readiness and liveness of all nodes: runs the schedule, opens the sockets, reports to the
// supervisor. Comms; the loop's thread.
#pragma once
#include <cstddef>
#include <functional>
#include <map>
#include <memory>

#include "common/config/config.h"
#include "common/loop/event_loop.h"
#include "common/loop/timer.h"
#include "comms/probe/listener_owner.h"
#include "comms/probe/port_probe.h"
#include "comms/probe/probe_schedule.h"
#include "ipc/node_table.h"

namespace sutra::comms {

class NodeProbe {
 public:
  struct Reports {
    std::function<void(const ipc::NodeReady&)> ready;
    std::function<void(const ipc::NodeUnresponsive&)> unresponsive;
  };
  NodeProbe(EventLoop& loop, const Config& config, const ipc::NodeTableReader& table, Reports reports);
  NodeProbe(const NodeProbe&) = delete;
  NodeProbe& operator=(const NodeProbe&) = delete;

  /// Reads every row of the node table. Call it once, after the supervisor's Welcome.
  void look_at_all();
  /// Reads a row that has changed.
  void look_at(std::uint32_t row);

  /// Maximum number of probes at a time, which limits the descriptors in use on a host with many nodes.
  static constexpr std::size_t kMaxAtOnce = 64;

 private:
  void run_due();
  void done(std::uint32_t row, std::uint64_t serial, Verdict verdict, const std::string& why);

  EventLoop& loop_;
  const ipc::NodeTableReader& table_;
  Reports reports_;
  ProbeTarget target_;
  ProbeSchedule schedule_;
  ListenerTable listeners_;
  std::map<std::uint64_t, std::unique_ptr<PortProbe>> under_way_;  // by serial
  Timer timer_;
  bool own_error_told_ = false;
};

}  // namespace sutra::comms
