// The threads on which gRPC handles and answers calls: kept for as long as this lives, and asked for a sign
// of life. Comms; the loop's thread.
#pragma once
#include <grpcpp/channel.h>

#include <functional>
#include <memory>

#include "comms/in_flight.h"

namespace sutra::comms {

/// gRPC starts these threads with the first channel or server that needs them and ends them with the last.
/// With gRPC 1.51 a process that ends and starts them again can crash (seen: a stale event on a closed
/// socket), and each failed attempt to bind a server would do so. Make this first and destroy it last.
class CallbackThreads {
 public:
  CallbackThreads();
  ~CallbackThreads();
  CallbackThreads(const CallbackThreads&) = delete;
  CallbackThreads& operator=(const CallbackThreads&) = delete;

  /// Calls `alive` from one of the threads, once one is free: never when all of them hang. One question at a
  /// time: while the last one has no answer, this does nothing.
  void prove_alive(std::function<void()> alive);

 private:
  struct Question;
  std::shared_ptr<grpc::Channel> channel_;
  std::shared_ptr<InFlight> in_flight_ = std::make_shared<InFlight>();
  std::unique_ptr<Question> question_;
};

}  // namespace sutra::comms
