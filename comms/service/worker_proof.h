// Checks that gRPC's threads serve calls, by a call to our own server. Comms; the loop's thread.
#pragma once
#include <grpcpp/channel.h>
#include <grpcpp/server.h>

#include <functional>
#include <memory>

#include "comms/rpc/in_flight.h"

namespace sutra::comms {

class WorkerProof {
 public:
  /// Uses gRPC's in-process channel, no socket. `server` must outlive this object.
  explicit WorkerProof(grpc::Server& server);
  /// Cancels the call under way and blocks until its callback has ended.
  ~WorkerProof();
  WorkerProof(const WorkerProof&) = delete;
  WorkerProof& operator=(const WorkerProof&) = delete;

  /// Calls the server's health service, and `alive` from a gRPC thread when it has answered. When all threads
  /// that serve calls hang, `alive` is never called. Does nothing while the previous call has no answer.
  void ask(std::function<void()> alive);

 private:
  struct Question;
  std::shared_ptr<grpc::Channel> channel_;
  std::shared_ptr<InFlight> in_flight_ = std::make_shared<InFlight>();
  std::unique_ptr<Question> question_;
};

}  // namespace sutra::comms
