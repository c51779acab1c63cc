// Decoys: many short-lived processes that do not belong to the agent and must get no signal. They get the pids of
// dead servers, launchers and comms. Tests only.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "common/unique_fd.h"

namespace sutra::endurance {

/// Counted so far, in memory shared with the test.
struct DecoyCounts {
  std::uint64_t decoys = 0;              ///< started
  std::uint64_t with_a_dead_number = 0;  ///< of them: with a pid that a storage server had before
  std::uint64_t with_the_recorded = 0;   ///< of them: with exactly the pid that the test asked for
  std::uint64_t signalled = 0;           ///< they got a signal, or did not end by themselves
  pid_t last_signalled = 0;
  int last_signal = 0;  ///< 0 when it ended in another way than by a signal
};

/// A parent process and its decoys. Each decoy has its own session, blocks all signals, waits for a signal until its
/// lifetime is over, and exits.
class DecoyProcesses {
 public:
  /// Keeps `population` decoys alive. `start_log`: a file of "NODE_ID PID" lines that storage servers write.
  /// Call it before there are threads.
  DecoyProcesses(std::size_t population, const std::string& start_log);
  ~DecoyProcesses();  ///< kills the parent and all decoys
  DecoyProcesses(const DecoyProcesses&) = delete;
  DecoyProcesses& operator=(const DecoyProcesses&) = delete;

  /// Starts a decoy with exactly this pid, which must be free or become free within a second; false: it did not.
  bool take(pid_t number, std::chrono::milliseconds lifetime);
  [[nodiscard]] DecoyCounts counts() const { return *counts_; }
  /// Starts no more decoys; waits until all have ended.
  void finish();

 private:
  struct Request {
    pid_t number = 0;  ///< -1: finish
    int lifetime_ms = 0;
  };
  [[nodiscard]] int ask(const Request& request);
  [[noreturn]] void run(UniqueFd requests, std::size_t population, const std::string& start_log);

  DecoyCounts* counts_ = nullptr;
  pid_t parent_ = 0;
  UniqueFd requests_;
};

}  // namespace sutra::endurance
