// Many short-lived processes that are not the agent's and expect no signal: they get the numbers of whatever
// died. Tests only.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "common/unique_fd.h"

namespace sutra::endurance {

/// What the herd has seen so far; lies in memory that it shares with the test.
struct HerdCounts {
  std::uint64_t decoys = 0;              ///< ever
  std::uint64_t with_a_dead_number = 0;  ///< of them: their number had been a storage server's
  std::uint64_t with_the_recorded = 0;   ///< of them: exactly the number that was asked for
  std::uint64_t signalled = 0;           ///< a signal reached them, or they did not end by themselves
  pid_t last_signalled = 0;
  int last_signal = 0;  ///< 0 when it ended in another way than by a signal
};

/// A process with children. Each decoy has a session of its own, blocks all signals, waits for one until its
/// time is over, and exits.
class DecoyHerd {
 public:
  /// Keeps `population` decoys alive. `witness`: a file of "NODE_ID PID" lines that storage servers write.
  /// Call it before there are threads.
  DecoyHerd(std::size_t population, const std::string& witness);
  ~DecoyHerd();  ///< ends the herd with all decoys
  DecoyHerd(const DecoyHerd&) = delete;
  DecoyHerd& operator=(const DecoyHerd&) = delete;

  /// Starts a decoy with exactly this number, which must be free or become so within a second.
  bool take(pid_t number, std::chrono::milliseconds lifetime);
  [[nodiscard]] HerdCounts counts() const { return *counts_; }
  /// No new ones; waits for the end of those that live.
  void finish();

 private:
  struct Request {
    pid_t number = 0;  ///< -1: finish
    int lifetime_ms = 0;
  };
  [[nodiscard]] int ask(const Request& request);
  [[noreturn]] void run(UniqueFd requests, std::size_t population, const std::string& witness);

  HerdCounts* counts_ = nullptr;
  pid_t herd_ = 0;
  UniqueFd requests_;
};

}  // namespace sutra::endurance
