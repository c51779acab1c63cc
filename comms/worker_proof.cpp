#include "comms/worker_proof.h"

#include <grpcpp/alarm.h>
#include <grpcpp/support/time.h>

#include <chrono>
#include <memory>
#include <utility>

namespace sutra::comms {

void prove_workers_alive(std::function<void()> alive) {
  // The alarm keeps itself until it has rung.
  auto alarm = std::make_shared<grpc::Alarm>();
  alarm->Set(std::chrono::system_clock::now(), [alarm, alive = std::move(alive)](bool) { alive(); });
}

}  // namespace sutra::comms
