// The agent's gRPC server, which the Master calls: binds, serves and stops it. Comms; the loop's thread.
#pragma once
#include <grpcpp/server.h>

#include <functional>
#include <memory>
#include <string>

#include "common/config/config.h"
#include "common/loop/event_loop.h"
#include "common/loop/timer.h"
#include "comms/service/agent_service.h"
#include "comms/service/worker_proof.h"

namespace sutra::comms {

class AgentServer {
 public:
  struct Hooks {
    std::function<void()> on_listening;
    /// Once, when all tries have failed. comms cannot work then.
    std::function<void(const Error&)> on_failed;
  };
  /// Tries to bind `address` from the next turn of the loop on, for kBindFor: a previous comms that is ending
  /// may still hold the port.
  AgentServer(EventLoop& loop, HostPort address, AgentServiceParts parts, Hooks hooks);
  /// Calls stop().
  ~AgentServer();
  AgentServer(const AgentServer&) = delete;
  AgentServer& operator=(const AgentServer&) = delete;

  /// Calls `alive` from a gRPC thread after our server has handled a call; at once while the server is not
  /// bound yet.
  void prove_alive(const std::function<void()>& alive);

  /// Stops the server; cancels calls that are left after 200 ms. All waiting calls must have been answered
  /// before.
  void stop();

  static constexpr std::chrono::milliseconds kBindFor{5000};
  static constexpr std::chrono::milliseconds kBindRetry{200};

 private:
  void try_to_bind();
  /// Tries again later, or reports on_failed. `errnum`: the cause; 0 when gRPC gave none.
  void try_again(int errnum);

  HostPort address_;
  AgentServiceParts parts_;
  Hooks hooks_;
  std::unique_ptr<AgentService> service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<WorkerProof> proof_;
  TimePoint give_up_at_;
  Timer timer_;
};

}  // namespace sutra::comms
