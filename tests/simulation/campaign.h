// Many histories, one seed after the other.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/coverage.h"
#include "tests/simulation/planted.h"

namespace sutra::simulation {

struct Campaign {
  std::uint64_t first_seed = 1;
  std::uint64_t histories = 100'000;
  std::optional<std::chrono::seconds> budget;  ///< ends it early
  unsigned jobs = 1;                           ///< threads
  Planted planted;
};

struct Found {
  std::uint64_t seed = 0;
  std::vector<std::string> violations;
};
struct CampaignResult {
  Coverage coverage;
  std::optional<Found> found;  ///< the lowest seed that failed; the campaign ends at the first failure
  std::chrono::duration<double> took{};
};

[[nodiscard]] CampaignResult run(const Campaign& campaign);

/// The trace of the history of `seed`, one line each, and at its end the violations.
[[nodiscard]] std::string story(std::uint64_t seed, const Planted& planted);

}  // namespace sutra::simulation
