// Cleans up after a chaos run that is itself killed. Chaos tests only.
#pragma once
#include <string>

#include "common/unique_fd.h"

namespace sutra::chaos {

/// A child process that waits until its parent has ended in any way, then kills every process whose working
/// directory lies in the sandbox, and removes the sandbox. Create it before any thread.
class CleanupProcess {
 public:
  CleanupProcess();
  /// The directory to clean up from now on, instead of the one before.
  void set_sandbox(const std::string& sandbox);
  /// Nothing is left to clean up.
  void done() { set_sandbox({}); }

 private:
  UniqueFd pipe_;
};

/// Kills every process whose working directory is `directory` or lies in it.
void end_processes_in(const std::string& directory);

}  // namespace sutra::chaos
