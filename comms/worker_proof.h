// A sign of life of the threads that serve calls. Comms.
#pragma once
#include <functional>

namespace sutra::comms {

/// Calls `alive` from one of gRPC's event threads, when one is free; never when all of them hang.
void prove_workers_alive(std::function<void()> alive);

}  // namespace sutra::comms
