// sutra-chaos: kills and stops the real agent and its nodes at random times (from a seed), in rounds, and counts
// violations.
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/chaos/cleanup_process.h"
#include "tests/chaos/decoys.h"
#include "tests/chaos/host.h"
#include "tests/chaos/options.h"
#include "tests/chaos/reaper.h"
#include "tests/chaos/round.h"

namespace {

using namespace sutra::chaos;

constexpr int kSkipped = 77;  // what ctest takes for it

using Figures = std::map<std::string, std::uint64_t>;

struct Totals {
  Figures figures, violations;
  std::uint64_t rounds = 0, failed = 0, lines = 0;
  std::string failed_seeds;
};

/// Figures that are maxima are not added up.
void add(Figures& total, const Figures& more) {
  for (const auto& [name, value] : more) {
    const bool maximum = name.find("most") != std::string::npos || name.find("est ") != std::string::npos;
    total[name] = maximum ? std::max(total[name], value) : total[name] + value;
  }
}

void run_round(const Options& options, const Kills& kills, std::uint64_t seed, double seconds,
               CleanupProcess& cleanup, Totals& totals) {
  Journal journal(options.verbose);
  std::printf(
      "round %llu: seed %llu, %llu nodes, kills: %llu nodes, %llu comms, %llu supervisor, %llu both\n",
      static_cast<unsigned long long>(totals.rounds + 1), static_cast<unsigned long long>(seed),
      static_cast<unsigned long long>(options.nodes), static_cast<unsigned long long>(kills.nodes),
      static_cast<unsigned long long>(kills.comms), static_cast<unsigned long long>(kills.supervisor),
      static_cast<unsigned long long>(kills.both));
  std::fflush(stdout);
  std::string sandbox;
  {
    Host host(journal, options, seed);
    sandbox = host.sandbox.path();
    cleanup.set_sandbox(sandbox);
    Round(host, kills, seed, seconds).run();
    totals.lines += host.events.lines();
    host.sampler.report_own_cost();
    const bool failed = journal.violations() > 0;
    // Read by the sandbox when it goes.
    if (failed || options.keep) {
      ::setenv("SUTRA_KEEP", "1", 1);
    } else {
      ::unsetenv("SUTRA_KEEP");
    }
  }
  end_processes_in(sandbox);
  cleanup.done();
  ++totals.rounds;
  add(totals.figures, journal.figures());
  add(totals.violations, journal.violations_by_kind());
  if (journal.violations() > 0) {
    ++totals.failed;
    totals.failed_seeds += " " + std::to_string(seed);
    std::printf("round FAILED: seed %llu; replay: --seed %llu with the same kills; log and events: %s\n",
                static_cast<unsigned long long>(seed), static_cast<unsigned long long>(seed),
                sandbox.c_str());
  } else if (options.keep) {
    std::printf("kept: %s\n", sandbox.c_str());
  }
  std::printf("round done after %.1f s, %llu violations\n", journal.seconds(),
              static_cast<unsigned long long>(journal.violations()));
  std::fflush(stdout);
}

void print(const Totals& totals, double seconds) {
  std::printf("\n%llu rounds in %.0f s\n", static_cast<unsigned long long>(totals.rounds), seconds);
  for (const auto& [name, value] : totals.figures)
    std::printf("  %-52s %10llu\n", name.c_str(), static_cast<unsigned long long>(value));
  std::printf("  %-52s %10llu\n", "event lines", static_cast<unsigned long long>(totals.lines));
  std::uint64_t kills = 0;
  for (const auto& [name, value] : totals.figures) kills += name.starts_with("kills of ") ? value : 0;
  std::uint64_t violations = 0;
  for (const auto& [name, value] : totals.violations) {
    violations += value;
    std::printf("  VIOLATIONS %-41s %10llu\n", name.c_str(), static_cast<unsigned long long>(value));
  }
  std::printf("%llu kills, %llu violations", static_cast<unsigned long long>(kills),
              static_cast<unsigned long long>(violations));
  if (violations == 0 && kills > 0)
    std::printf(": fewer than 1 in %llu at 95 %% (3/N)", static_cast<unsigned long long>(kills / 3));
  std::printf("\n");
  if (!totals.failed_seeds.empty()) std::printf("failed seeds:%s\n", totals.failed_seeds.c_str());
}

/// A run in which no decoy got a dead server's pid did not test reused pids.
bool saw_too_little(const Totals& totals) {
  const auto figure = [&](const char* name) {
    const auto at = totals.figures.find(name);
    return at == totals.figures.end() ? std::uint64_t{0} : at->second;
  };
  constexpr std::uint64_t kEnough = 50;
  const bool could =
      ::geteuid() == 0 && figure("kills of the supervisor") + figure("kills of both") >= kEnough;
  if (!could || figure("decoys with a dead server's pid") > 0) return false;
  std::printf("no decoy ever had a dead server's pid: nothing is known about reused pids\n");
  return true;
}

int run(const Options& given) {
  const Options* options = &given;
  CleanupProcess cleanup;
  std::signal(SIGPIPE, SIG_IGN);
  const std::uint64_t rounds = std::max<std::uint64_t>(
      1, (options->kills.total() + options->kills_per_round - 1) / options->kills_per_round);
  Totals totals;
  const Journal clock(false);
  const auto budget = static_cast<double>(options->seconds);
  for (std::uint64_t round = 0; round < rounds; ++round) {
    const double left = budget - clock.seconds();
    if (budget > 0 && left <= 0) break;
    run_round(*options, options->kills.share(round, rounds), options->seed + round, budget > 0 ? left : 0,
              cleanup, totals);
  }
  print(totals, clock.seconds());
  if (saw_too_little(totals)) return 1;
  return totals.violations.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "--decoy") == 0) run_decoy(argv[0]);
  const auto options = parse_options(argc, argv);
  if (!options) return 2;
  if (options->without_cgroups && ::geteuid() != 0) {
    std::fputs("sutra-chaos: --without-cgroups needs a mount namespace: run it as root\n", stderr);
    return kSkipped;
  }
  return run_beneath_a_reaper([&] { return run(*options); });
}
