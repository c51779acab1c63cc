// sutra-grid-cli: an operator's requests to a Grid Master.
#pragma once
#include <iosfwd>

namespace sutra::grid_testing {

/// The whole program: data on `out`, messages on `err`. 0: done; 1: the request failed; 2: wrong usage.
[[nodiscard]] int run_cli(int argc, const char* const* argv, std::ostream& out, std::ostream& err);

}  // namespace sutra::grid_testing
