// The simulated host of a supervisor. Simulation only.
#pragma once
#include "tests/simulation/checks.h"
#include "tests/simulation/coverage.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/kernel.h"
#include "tests/simulation/random.h"

namespace sutra::simulation {

struct World {
  Kernel& kernel;
  Disk& disk;
  Random& random;
  Checks& checks;
  Coverage& coverage;
};

}  // namespace sutra::simulation
