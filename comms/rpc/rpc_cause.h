// gRPC's statuses as plain text for an operator. Comms; pure.
#pragma once
#include <grpcpp/support/status.h>

#include <string>

namespace sutra::comms {

/// Why a call failed, without gRPC's jargon: "connection refused", "no answer in time". One line, printable.
[[nodiscard]] std::string cause_of(const grpc::Status& status);

/// The peer closed the connection because our keepalive pings come too often for it.
[[nodiscard]] bool complains_about_pings(const grpc::Status& status);

}  // namespace sutra::comms
