// A call of grpc.health.v1.Health/Check without its generated code. For tests.
#pragma once
#include <cstdint>
#include <string>

namespace sutra::comms::testing {

constexpr int kServing = 1;
/// The status of `service` at 127.0.0.1:`port`; -1 when the call failed.
[[nodiscard]] int health_of(std::uint16_t port, const std::string& service);

}  // namespace sutra::comms::testing
