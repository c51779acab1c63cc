// Sends requests as a Master (gRPC) or an operator (agentctl) would, until each is answered, and records what must be
// true afterwards. Chaos tests only.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "agent.grpc.pb.h"
#include "tests/chaos/dice.h"
#include "tests/chaos/expectations.h"
#include "tests/chaos/journal.h"
#include "tests/support/sandbox.h"

namespace sutra::chaos {

/// One client; not for two threads at once.
class Requests {
 public:
  Requests(const e2e::Sandbox& sandbox, std::map<std::string, std::uint16_t> ports, Journal& journal,
           Expectations& expectations, std::uint64_t seed);

  /// Repeats until success. False, with a violation, when the time is over.
  bool spawn(const std::string& node, std::chrono::seconds within = std::chrono::seconds(90));
  bool stop(const std::string& node, std::chrono::seconds within = std::chrono::seconds(90));
  /// Once; ignores the answer.
  void restart(const std::string& node);
  /// One try; the reason when refused.
  std::string try_spawn(const std::string& node);
  std::string try_stop(const std::string& node);
  /// The nodes as the agent lists them; `silence`: why it does not answer, else empty.
  [[nodiscard]] std::map<std::string, agent::NodeStatusResponse> list(std::string& silence);

 private:
  std::string ctl(const std::vector<std::string>& words);
  template <typename Try>
  bool until_answered(const std::string& what, const std::string& node, std::chrono::seconds within,
                      Try attempt);

  const e2e::Sandbox& sandbox_;
  const std::map<std::string, std::uint16_t> ports_;
  Journal& journal_;
  Expectations& expectations_;
  Dice dice_;
  std::unique_ptr<agent::GridAgent::Stub> stub_;
};

/// Stops, spawns and restarts its nodes at random moments, in a thread of its own, until paused; then all
/// run.
class Operator {
 public:
  Operator(Requests requests, std::vector<std::string> nodes, std::uint64_t seed);
  ~Operator();
  void resume() { paused_ = false; }
  void pause() { paused_ = true; }
  [[nodiscard]] bool idle() const { return idle_; }

 private:
  void run();
  Requests requests_;
  const std::vector<std::string> nodes_;
  std::map<std::string, bool> stopped_;
  Dice dice_;
  std::atomic<bool> paused_{true}, idle_{true}, stop_{false};
  std::thread thread_;
};

}  // namespace sutra::chaos
