// A sign of life of the threads that serve calls. Comms; the loop's thread.
#pragma once
#include <grpcpp/channel.h>
#include <grpcpp/server.h>

#include <functional>
#include <memory>

#include "comms/rpc/in_flight.h"

namespace sutra::comms {

class WorkerProof {
 public:
  /// Over a channel inside of this process; `server` outlives this.
  explicit WorkerProof(grpc::Server& server);
  ~WorkerProof();
  WorkerProof(const WorkerProof&) = delete;
  WorkerProof& operator=(const WorkerProof&) = delete;

  /// Asks the server's health service, and calls `alive` from a thread of gRPC when it answered: calls are
  /// taken, handled and answered. When all threads that do so hang, `alive` is never called. One question at
  /// a time: while the last one has no answer, this does nothing.
  void ask(std::function<void()> alive);

 private:
  struct Question;
  std::shared_ptr<grpc::Channel> channel_;
  std::shared_ptr<InFlight> in_flight_ = std::make_shared<InFlight>();
  std::unique_ptr<Question> question_;
};

}  // namespace sutra::comms
