// gRPC's own log, which would print to stderr in its own format. Comms.
#pragma once

namespace sutra::comms {

/// gRPC's lines become debug lines of our log: what matters of them reaches the operator as the cause of a
/// failed call. Process-wide; call once, before any other use of gRPC.
void send_grpc_log_to_ours();

}  // namespace sutra::comms
