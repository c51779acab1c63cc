// One function for all commands: talk to the agent, print, return the exit status. The operator's tool.
#pragma once
#include "ctl/options.h"

namespace sutra::ctl {

/// Data on stdout, messages on stderr.
[[nodiscard]] int run(const Options& options);

}  // namespace sutra::ctl
