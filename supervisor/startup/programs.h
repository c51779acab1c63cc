// Where our own programs are. Supervisor.
#pragma once
#include <string>

#include "common/result.h"

namespace sutra::supervisor {

/// Where our own programs are: beside our binary, else in libexec.
struct Programs {
  std::string self;  ///< absolute; after an upgrade the new version lies there
  std::string launcher;
  std::string comms;
};
[[nodiscard]] Result<Programs> find_programs();

}  // namespace sutra::supervisor
