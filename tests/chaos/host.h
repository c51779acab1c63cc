// One agent in a sandbox with everything that watches it. The driver's thread owns it. Chaos tests only.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/chaos/decoys.h"
#include "tests/chaos/event_follower.h"
#include "tests/chaos/expectations.h"
#include "tests/chaos/journal.h"
#include "tests/chaos/operators.h"
#include "tests/chaos/options.h"
#include "tests/chaos/sampler.h"
#include "tests/support/agent.h"
#include "tests/support/hidden_cgroups.h"
#include "tests/support/sandbox.h"

namespace sutra::chaos {

/// Resources that must return to their baseline after a cycle.
struct Footprint {
  pid_t supervisor = 0;
  std::size_t fds = 0;
  std::uint64_t pss_kib = 0;   ///< depends on which other processes map the same files
  std::uint64_t anon_kib = 0;  ///< the private part of it: heap and stack
  std::size_t cgroups = 0;
};

class Host {
 public:
  Host(Journal& journal, const Options& options, std::uint64_t seed);
  ~Host();

  /// Periodic work: reads events, checks the decoys, sends SIGCONT to stopped processes when it is time, and starts a
  /// supervisor that ended by itself, which is a violation.
  void attend();
  /// attend() until so much time has passed.
  void pass(std::chrono::milliseconds time);
  /// attend() until the condition holds; false when it took too long.
  [[nodiscard]] bool wait(const std::function<bool()>& condition, std::chrono::milliseconds within);

  void start_agent();
  void stop_for(pid_t pid, std::chrono::milliseconds time);  ///< SIGSTOP now, SIGCONT later
  void continue_all();

  [[nodiscard]] std::string data_directory(const std::string& node) const {
    return sandbox.at("data/" + node);
  }
  [[nodiscard]] Footprint footprint() const;
  /// Servers of a node that noted their own start (SUTRA_START_LOG, see tests/node/test_node.cpp).
  [[nodiscard]] std::set<ProcessKey> logged_starts(const std::string& node) const;

  Journal& journal;
  e2e::Sandbox sandbox;
  std::map<std::string, std::uint16_t> ports;  ///< of every node
  Expectations expectations;
  std::unique_ptr<e2e::Agent> agent;
  Decoys decoys;
  EventFollower events;
  Sampler sampler;
  Requests requests;
  std::set<ProcessKey> forgotten;  ///< their death need not be recorded: their records were deleted
  bool stopping = false;

 private:
  const bool without_cgroups_;
  const e2e::HiddenCgroups hidden_cgroups_;
  struct Stopped {
    UniqueFd pidfd;
    double until;
  };
  std::vector<Stopped> stopped_;
};

/// Answers PING while it lives.
[[nodiscard]] bool serves(const std::string& node);

}  // namespace sutra::chaos
