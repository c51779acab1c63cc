// The comms process as one object: connects the parts that talk to the supervisor, the Master and the nodes'
// ports, on one event loop. Comms; everything runs on the thread that calls run(), except gRPC's own threads.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "common/config/config.h"
#include "common/loop/event_loop.h"
#include "common/loop/timer.h"
#include "common/unique_fd.h"
#include "comms/master/master_session.h"
#include "comms/probe/node_probe.h"
#include "comms/service/agent_server.h"
#include "comms/service/caller_filter.h"
#include "comms/service/node_requests.h"
#include "comms/supervisor_client.h"
#include "ipc/node_table.h"

namespace sutra::comms {

class Comms {
 public:
  /// `supervisor`: our end of the channel. Pings start at once, everything else after the supervisor's
  /// Welcome.
  Comms(Config config, std::string hostname, UniqueFd supervisor,
        std::unique_ptr<ipc::NodeTableReader> table);
  ~Comms();
  Comms(const Comms&) = delete;
  Comms& operator=(const Comms&) = delete;

  /// Runs until the supervisor closes the channel or orders us to retire. Returns the exit status: 0, or 1
  /// after an error that is logged.
  [[nodiscard]] int run();

 private:
  void on(const ipc::Welcome& message);
  void on(const ipc::NodeStarted& message);
  void on(const ipc::NodeStopped& message);
  void on(const ipc::NodeChanged& message);
  void on(const ipc::Pong&) {}
  void on(const ipc::Retire&);

  void start_server();
  void arm_requests_timer();
  void end(int status);

  Config config_;
  AgentIdentity identity_;
  std::unique_ptr<ipc::NodeTableReader> table_;
  CallerFilter callers_;
  std::atomic<std::uint64_t> last_request_id_{0};

  EventLoop loop_;
  SupervisorClient supervisor_;
  NodeRequests requests_;
  Timer requests_timer_;
  NodeProbe probe_;
  std::optional<MasterAddresses> master_addresses_;
  std::optional<MasterSession> session_;
  std::optional<AgentServer> server_;
  bool welcomed_ = false;
  int status_ = 0;
};

}  // namespace sutra::comms
