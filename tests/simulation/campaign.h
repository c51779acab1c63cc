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
  std::optional<Found> found;  ///< the lowest seed that failed; the campaign ends with the first it meets
  std::chrono::duration<double> took{};
};

[[nodiscard]] CampaignResult run(const Campaign& campaign);

/// What happened in the history of `seed`, line by line, and at its end what did not hold.
[[nodiscard]] std::string story(std::uint64_t seed, const Planted& planted);

}  // namespace sutra::simulation
