// Ends what a chaos run leaves behind when it is killed itself. Chaos tests only.
#pragma once
#include <string>

#include "common/unique_fd.h"

namespace sutra::chaos {

/// A child process that waits until its parent is gone, however it went, and then ends every process that
/// works beneath a directory it was told of, and removes the directory. Made before any thread.
class Janitor {
 public:
  Janitor();
  /// From now on `sandbox` is to be cleared, instead of the one before.
  void care_for(const std::string& sandbox);
  /// Nothing is left to clear.
  void done() { care_for({}); }

 private:
  UniqueFd pipe_;
};

/// Ends every process that works beneath `directory`.
void end_processes_in(const std::string& directory);

}  // namespace sutra::chaos
