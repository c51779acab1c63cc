// Carries out a command of sutra-agentctl. sutra-agentctl.
#pragma once
#include "ctl/options.h"

namespace sutra::ctl {

/// Asks the agent and prints the answer: data to stdout, messages to stderr. Returns the exit status
/// (options.h).
[[nodiscard]] int run(const Options& options);

}  // namespace sutra::ctl
