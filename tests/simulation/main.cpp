// simulation [--histories N] [--first-seed S] [--seconds BUDGET] [--jobs J] | --seed S | --find INVARIANT
// Exit 0: no violation, and everything was covered. 1: otherwise. 2: usage.
#include <charconv>
#include <cstring>
#include <iostream>
#include <string_view>

#include "tests/simulation/campaign.h"

namespace {

using namespace sutra::simulation;

constexpr std::uint64_t kSeenAtLeast = 20;
constexpr std::uint64_t kEnoughToJudge = 10'000;

int usage() {
  std::cerr
      << "usage: simulation [--histories N] [--first-seed S] [--seconds BUDGET] [--jobs J]\n"
         "       simulation --seed S    replays one history and tells it\n"
         "       simulation --find I5   looks for a history that breaks the invariant: for planted bugs\n";
  return 2;
}

int tell(std::uint64_t seed) {
  const std::string text = story(seed, {});
  std::cout << text;
  return text.find("\nVIOLATION ") == std::string::npos ? 0 : 1;
}

/// A bug may first violate another invariant as a consequence: tries histories until one violates its own.
int find(const std::string& invariant) {
  Campaign campaign;
  const std::uint64_t end = campaign.first_seed + campaign.histories;
  while (campaign.first_seed < end) {
    campaign.histories = end - campaign.first_seed;
    const CampaignResult result = run(campaign);
    if (!result.found) break;
    const std::string& first = result.found->violations.front();
    if (first.starts_with(invariant)) {
      std::cout << "found with seed " << result.found->seed << ": " << first << "\n";
      return 0;
    }
    campaign.first_seed = result.found->seed + 1;
  }
  std::cout << "not found\n";
  return 1;
}

int judge(const Campaign& campaign) {
  const CampaignResult result = run(campaign);
  std::cout << result.coverage.text();
  std::cout << "seeds from " << campaign.first_seed << ", " << result.took.count() << " s\n";
  if (result.found) {
    std::cout << "seed " << result.found->seed << " fails; replay it with --seed\n"
              << story(result.found->seed, campaign.planted);
    return 1;
  }
  std::cout << "violations: 0\n";
  if (result.coverage.histories < kEnoughToJudge) return 0;
  const auto missing = result.coverage.missing(kSeenAtLeast);
  for (const std::string& what : missing) std::cout << "not seen often enough: " << what << "\n";
  return missing.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Campaign campaign;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view option = argv[i];
    if (i + 1 >= argc) return usage();
    if (option == "--find") return find(argv[i + 1]);
    std::uint64_t value = 0;
    const char* const end = argv[i + 1] + std::strlen(argv[i + 1]);
    if (const auto read = std::from_chars(argv[i + 1], end, value); read.ec != std::errc{} || read.ptr != end)
      return usage();
    if (option == "--seed") return tell(value);
    if (option == "--histories") {
      campaign.histories = value;
    } else if (option == "--first-seed") {
      campaign.first_seed = value;
    } else if (option == "--seconds") {
      campaign.budget = std::chrono::seconds(value);
    } else if (option == "--jobs") {
      campaign.jobs = static_cast<unsigned>(value);
    } else {
      return usage();
    }
  }
  return judge(campaign);
}
