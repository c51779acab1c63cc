// The agent's own gRPC server: binding it, keeping it, ending it. Comms; the loop's thread.
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
    /// Once, after the retries: comms cannot work.
    std::function<void(const Error&)> on_failed;
  };
  /// Binds `address` from the loop's next turn on, retrying while it is in use: a comms that is ending
  /// may still hold it.
  AgentServer(EventLoop& loop, HostPort address, AgentServiceParts parts, Hooks hooks);
  /// As stop().
  ~AgentServer();
  AgentServer(const AgentServer&) = delete;
  AgentServer& operator=(const AgentServer&) = delete;

  /// Calls `alive` once a call went through our server, from a thread of gRPC; at once while it is not bound
  /// yet.
  void prove_alive(const std::function<void()>& alive);

  /// Ends the calls that are left and the server. Every waiting call must have been answered before.
  void stop();

  static constexpr std::chrono::milliseconds kBindFor{5000};
  static constexpr std::chrono::milliseconds kBindRetry{200};

 private:
  void try_to_bind();
  /// Tries again later, or gives up: `errnum` is the cause, 0 when gRPC does not tell it.
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
