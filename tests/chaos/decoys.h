// Processes that are not the agent's and look as if they were: names, environment, working directories next
// to the nodes', even the pid of a server that died. They count every signal. Chaos tests only.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "common/unique_fd.h"
#include "tests/chaos/journal.h"

namespace sutra::chaos {

class Decoys {
 public:
  explicit Decoys(Journal& journal) : journal_(journal) {}
  ~Decoys();  ///< ends them
  Decoys(const Decoys&) = delete;
  Decoys& operator=(const Decoys&) = delete;

  /// Starts one that calls itself `name`, with NODE_ID=`node` in its environment. `pid` 0: any; else exactly
  /// that one, which must be free. False when it cannot be had.
  bool add(const std::string& name, const std::string& node, const std::string& working_directory,
           pid_t pid = 0);
  /// A signal that reached one is a violation.
  void check();
  [[nodiscard]] std::size_t size() const { return decoys_.size(); }

 private:
  struct Decoy {
    pid_t pid = 0;
    UniqueFd signals;  ///< a byte a signal
    std::string what;
    bool over = false;
  };
  Journal& journal_;
  std::vector<Decoy> decoys_;
};

/// What such a process does; never returns. `argv` begins with its name, then "--decoy".
[[noreturn]] void run_decoy(const char* name);

}  // namespace sutra::chaos
