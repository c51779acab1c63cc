// Collects what wrong input and bad environments are answered with: the rows of docs/ERRORS.md. Tests only.
#pragma once
#include <string>

#include "tests/support/sandbox.h"

namespace sutra::e2e {

/// Notes one row, in a file of the running test's own (tests run side by side): what was wrong, the exact
/// message, and what the operator should do. What differs from run to run (the sandbox's path, its ports,
/// pids) is replaced by what an installed agent would show.
void note_error(const Sandbox& sandbox, const std::string& input, const std::string& message,
                const std::string& action);

}  // namespace sutra::e2e
