// A sign of life of the threads that serve calls. Comms.
#pragma once
#include <grpcpp/server.h>

#include <functional>

namespace sutra::comms {

/// Asks `server`'s health service, in this process and without a socket, and calls `alive` from a thread of
/// gRPC when it answered: calls are taken, handled and answered. When all threads that do so hang, `alive` is
/// never called.
void prove_workers_alive(grpc::Server& server, std::function<void()> alive);

}  // namespace sutra::comms
