// Redirects gRPC's log, which else goes to stderr in its own format. Comms.
#pragma once

namespace sutra::comms {

/// Writes gRPC's lines to our log at level debug. (The operator gets the cause of a failed call in our own
/// messages.) For the whole process; call it once, before any other use of gRPC.
void send_grpc_log_to_ours();

}  // namespace sutra::comms
