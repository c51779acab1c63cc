// Finds the agent's other programs. Supervisor.
#pragma once
#include <string>

#include "common/result.h"

namespace sutra::supervisor {

/// Absolute paths.
struct Programs {
  std::string self;  ///< of the running binary; after a package upgrade this path holds the new version
  std::string launcher;
  std::string comms;
};
/// Looks in the directory of our own binary, then in /usr/libexec/sutra-agent. An error names the program
/// that is missing.
[[nodiscard]] Result<Programs> find_programs();

}  // namespace sutra::supervisor
