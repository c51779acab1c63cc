// Translates gRPC statuses into messages for an operator. Pure. Comms.
#pragma once
#include <grpcpp/support/status.h>

#include <string>

namespace sutra::comms {

/// Why a call failed, without gRPC's terms: "connection refused", "no answer in time". One printable line.
[[nodiscard]] std::string cause_of(const grpc::Status& status);

/// True when the peer closed the connection because our keepalive pings came too often (GOAWAY
/// ENHANCE_YOUR_CALM).
[[nodiscard]] bool complains_about_pings(const grpc::Status& status);

}  // namespace sutra::comms
