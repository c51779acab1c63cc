// The resources that a process and an agent's sandbox hold now, to compare with an earlier count. Tests only.
#pragma once
#include <sys/types.h>

#include <iosfwd>

#include "tests/support/agent.h"

namespace sutra::endurance {

struct ProcessResources {
  long descriptors = 0, threads = 0, zombies = 0;
  long memory_kb = 0;  ///< proportional set size of its own memory: anonymous, not files
};

struct Resources {
  ProcessResources supervisor, comms;
  long cgroups = 0;    ///< of the agent's nodes
  long records = 0;    ///< files below state_dir/nodes and runtime_dir/nodes
  long files = 0;      ///< files and directories elsewhere below both
  long events_kb = 0;  ///< events.jsonl and its predecessor
};
[[nodiscard]] Resources resources_of(const e2e::Agent& agent, const e2e::Sandbox& sandbox);
std::ostream& operator<<(std::ostream& out, const Resources& resources);

}  // namespace sutra::endurance
