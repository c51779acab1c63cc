// A storage server leaves thousands of orphans, which are zombies until their new parent reaps them. Without cgroups
// that is the supervisor (subreaper).
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "tests/endurance/own_namespaces.h"
#include "tests/endurance/scale.h"
#include "tests/faults/operator_client.h"
#include "tests/faults/world.h"
#include "tests/support/fixture.h"
#include "tests/support/hidden_cgroups.h"

namespace sutra::endurance {
namespace {

using namespace std::chrono_literals;

constexpr auto kAnswersWithin = 2000ms;  // on a busy machine

class Orphans : public e2e::AgentTest, public ::testing::WithParamInterface<bool> {
 protected:
  /// Asks the supervisor until the server listens, which it does after it left all orphans. Returns the slowest answer.
  std::chrono::milliseconds ask_until_served(std::uint16_t port) {
    auto slowest = 0ms;
    const bool served = e2e::eventually(
        [&] {
          const auto asked = std::chrono::steady_clock::now();
          EXPECT_TRUE(control.alive());
          slowest = std::max(slowest, std::chrono::duration_cast<std::chrono::milliseconds>(
                                          std::chrono::steady_clock::now() - asked));
          most_zombies = std::max(most_zombies, faults::zombies_of(agent.pid()).size());
          return e2e::ask_port(port, "PING\n", 100ms) == "PONG";
        },
        120s);
    EXPECT_TRUE(served) << "the server did not come to its end";
    return slowest;
  }

  faults::OperatorClient control{sandbox.at("run")};
  std::size_t most_zombies = 0;
};

TEST_P(Orphans, TenThousandOrphansLeaveNoZombieAndDelayNothing) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root for its own init, and for a mount namespace";
  if (!in_own_namespaces()) {
    EXPECT_EQ(run_in_own_namespaces(0), 0);
    return;
  }
  const bool cgroups = GetParam();
  const Stopwatch watch;
  const std::uint64_t orphans = how_many(10'000, 10'000);
  sandbox.set("storage", "readiness", "\"none\"");
  sandbox.set("storage", "stop_grace_secs", "2");
  sandbox.write_config();
  const e2e::HiddenCgroups hidden;
  agent.start_and_wait([&] {
    if (!cgroups) hidden.hide();
  });
  EXPECT_EQ(agent.log_has("cannot prove"), !cgroups) << agent.log();
  const auto keeper = control.start("serve-keeper");
  const auto litter = control.start("litter" + std::to_string(orphans) + "-1");
  ASSERT_TRUE(keeper.success && litter.success) << keeper.text << litter.text;
  const auto slowest = ask_until_served(static_cast<std::uint16_t>(litter.port));
  EXPECT_LE(slowest, kAnswersWithin);
  EXPECT_TRUE(e2e::eventually([&] { return faults::zombies_of(agent.pid()).empty(); }));
  const auto history = faults::read_events(sandbox);
  EXPECT_TRUE(history.faults.empty());
  EXPECT_TRUE(history.deaths.empty()) << "an orphan is no node";
  std::set<std::string> doubled;
  const auto servers = faults::servers_in(sandbox, doubled);
  EXPECT_EQ(servers.size(), 2U);
  EXPECT_TRUE(e2e::process_exists(static_cast<pid_t>(keeper.pid)));
  EXPECT_TRUE(e2e::process_exists(static_cast<pid_t>(litter.pid)));
  EXPECT_TRUE(control.stop("litter" + std::to_string(orphans) + "-1").success);
  std::cout << orphans << " orphans " << (cgroups ? "in a cgroup" : "without cgroups")
            << ": slowest answer of the supervisor " << slowest.count() << " ms, " << most_zombies
            << " zombies at most, none left, " << static_cast<int>(watch.seconds()) << " s\n";
}

INSTANTIATE_TEST_SUITE_P(Each, Orphans, ::testing::Values(true, false),
                         [](const auto& at) { return at.param ? "WithCgroups" : "WithoutCgroups"; });

}  // namespace
}  // namespace sutra::endurance
