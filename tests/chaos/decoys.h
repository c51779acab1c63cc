// Decoys: processes that do not belong to the agent but look as if they did, by name, environment, working directory
// or even the pid of a dead server. They count every signal they get. Chaos tests only.
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
  /// Reports a violation for each signal that a decoy got.
  void check();
  [[nodiscard]] std::size_t size() const { return decoys_.size(); }

 private:
  struct Decoy {
    pid_t pid = 0;
    UniqueFd signals;  ///< one byte for each signal
    std::string what;
    bool over = false;
  };
  Journal& journal_;
  std::vector<Decoy> decoys_;
};

/// The program of a decoy; never returns. `argv` begins with its name, then "--decoy".
[[noreturn]] void run_decoy(const char* name);

}  // namespace sutra::chaos
