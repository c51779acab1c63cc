// A TCP listener on loopback; the test decides what it does with each connection. Tests only.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

#include "common/unique_fd.h"

namespace sutra::comms::testing {

class RawServer {
 public:
  /// `serve` gets each accepted connection. It stays open until the server is destroyed, unless `serve` shuts it down.
  /// Port 0: any.
  explicit RawServer(std::function<void(int fd)> serve, std::uint16_t port = 0);
  ~RawServer();
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] int connections() const { return connections_; }

 private:
  void run();
  std::function<void(int)> serve_;
  UniqueFd listener_, wake_;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::thread thread_;
};

}  // namespace sutra::comms::testing
