#include "tests/chaos/options.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>

namespace sutra::chaos {
namespace {

constexpr const char* kUsage =
    "usage: sutra-chaos [--seed N] [--kills-nodes N] [--kills-comms N] [--kills-supervisor N] [--kills-both "
    "N]\n"
    "                   [--kills-per-round N] [--seconds BUDGET] [--nodes N] [--bin-dir DIR] [--keep] "
    "[--verbose]\n"
    "                   [--without-cgroups]\n"
    "Kills and stops the real agent and real servers at random times (from the seed) and watches /proc. Exit "
    "0: no "
    "violation.\n";

std::uint64_t part_of(std::uint64_t total, std::uint64_t part, std::uint64_t of) {
  return total / of + (part < total % of ? 1 : 0);
}

}  // namespace

Kills Kills::share(std::uint64_t part, std::uint64_t of) const {
  return {part_of(nodes, part, of), part_of(comms, part, of), part_of(supervisor, part, of),
          part_of(both, part, of)};
}

std::optional<Options> parse_options(int argc, char** argv) {
  Options o;
  const std::map<std::string, std::uint64_t*> numbers{
      {"--seed", &o.seed},
      {"--kills-nodes", &o.kills.nodes},
      {"--kills-comms", &o.kills.comms},
      {"--kills-supervisor", &o.kills.supervisor},
      {"--kills-both", &o.kills.both},
      {"--kills-per-round", &o.kills_per_round},
      {"--seconds", &o.seconds},
      {"--nodes", &o.nodes},
  };
  const std::map<std::string, bool*> switches{
      {"--keep", &o.keep}, {"--verbose", &o.verbose}, {"--without-cgroups", &o.without_cgroups}};
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (const auto at = switches.find(word); at != switches.end()) {
      *at->second = true;
      continue;
    }
    const bool has_value = i + 1 < argc;
    if (word == "--bin-dir" && has_value) {
      // The agent starts in a directory of its own.
      ::setenv("SUTRA_TEST_BIN_DIR", std::filesystem::absolute(argv[++i]).c_str(), 1);
      continue;
    }
    char* end = nullptr;
    const auto at = numbers.find(word);
    if (at != numbers.end() && has_value) *at->second = std::strtoull(argv[++i], &end, 10);
    if (end == nullptr || *end != '\0' || end == argv[i]) {
      if (word != "--help") std::fprintf(stderr, "sutra-chaos: cannot use \"%s\"\n", word.c_str());
      std::fputs(kUsage, stderr);
      return std::nullopt;
    }
  }
  if (o.nodes < 1 || o.nodes > 100 || o.kills_per_round < 1) {
    std::fputs("sutra-chaos: --nodes is 1 to 100, --kills-per-round at least 1\n", stderr);
    return std::nullopt;
  }
  return o;
}

}  // namespace sutra::chaos
