// Collects the answers to wrong input and bad environments: the rows of docs/ERRORS.md. Tests only.
#pragma once
#include <string>

#include "tests/support/sandbox.h"

namespace sutra::e2e {

/// Adds one row to a file of the running test (tests run in parallel): what was wrong, the exact message, and what the
/// operator should do. Values that change from run to run (the sandbox's path, its ports, pids) are replaced by those
/// of an installed agent.
void note_error(const Sandbox& sandbox, const std::string& input, const std::string& message,
                const std::string& action);

}  // namespace sutra::e2e
