// What a chaos run is asked to do. Chaos tests only.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace sutra::chaos {

struct Kills {
  std::uint64_t nodes = 0, comms = 0, supervisor = 0, both = 0;
  [[nodiscard]] std::uint64_t total() const { return nodes + comms + supervisor + both; }
  /// `part` of `of` equal parts; the first parts get the remainder.
  [[nodiscard]] Kills share(std::uint64_t part, std::uint64_t of) const;
};

struct Options {
  std::uint64_t seed = 1;
  Kills kills{200, 130, 120, 60};
  std::uint64_t kills_per_round = 600;  ///< a round has a sandbox, an agent and a seed of its own
  std::uint64_t seconds = 0;            ///< budget; 0: until the kills are done
  std::uint64_t nodes = 20;
  bool without_cgroups = false;  ///< the agent finds no cgroups it may use
  bool keep = false;             ///< keeps the sandbox of a round without violations, too
  bool verbose = false;          ///< prints every action
};

/// Nothing after a usage error or --help; the text was printed.
[[nodiscard]] std::optional<Options> parse_options(int argc, char** argv);

}  // namespace sutra::chaos
