// Sends PING to every node in a loop, on a kept and on a new connection, and counts the unanswered ones. Has its own
// thread. Chaos tests only.
#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <thread>

#include "common/unique_fd.h"
#include "tests/chaos/journal.h"

namespace sutra::chaos {

class PingClient {
 public:
  PingClient(std::map<std::string, std::uint16_t> ports, Journal& journal);
  ~PingClient();  ///< finishes the current round and adds its figures to the journal
  PingClient(const PingClient&) = delete;
  PingClient& operator=(const PingClient&) = delete;

 private:
  void run();
  void ask(const std::string& node, const UniqueFd& connection, const char* which);

  const std::map<std::string, std::uint16_t> ports_;
  Journal& journal_;
  std::uint64_t asked_ = 0, failed_ = 0, slowest_us_ = 0;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace sutra::chaos
