// Ten thousand starts and stops leave the agent as it was: no descriptor, memory, zombie, cgroup or file
// more.
#include <gmock/gmock.h>

#include <array>
#include <atomic>
#include <iostream>
#include <thread>

#include "tests/e2e/fixture.h"
#include "tests/endurance/resources.h"
#include "tests/endurance/scale.h"
#include "tests/faults/operator_client.h"
#include "tests/faults/world.h"

namespace sutra::endurance {
namespace {

using namespace std::chrono_literals;

/// Each is started and stopped by one client alone. The numbers make them different nodes.
constexpr std::array<const char*, 4> kNodes{"serve-", "orphan-", "doublefork-", "closefds-"};
constexpr std::uint64_t kWarmUp = 400;
constexpr std::uint64_t kIdsOfAClient = 10;
constexpr long kEventsMaxKb = 2 * 8 * 1024;

class Growth : public e2e::AgentTest {
 protected:
  Growth() {
    sandbox.set("storage", "readiness", "\"none\"");
    sandbox.set("storage", "stop_grace_secs", "2");
    sandbox.set("logging", "level", "\"warn\"");
  }
  /// `count` starts and stops, over all clients at once.
  void cycle(std::uint64_t count);
  /// All that a stop leaves to be done later is done.
  void settle() {
    EXPECT_TRUE(e2e::eventually([&] { return agent.nodes().empty(); }));
    EXPECT_TRUE(e2e::eventually([&] { return faults::zombies_of(agent.pid()).empty(); }));
    EXPECT_TRUE(e2e::eventually([&] { return faults::cgroup_nodes(sandbox).empty(); }));
  }

  faults::OperatorClient control{sandbox.at("run")};
};

void Growth::cycle(std::uint64_t count) {
  std::atomic<std::uint64_t> next{0}, failed{0};
  std::vector<std::thread> clients;
  for (const char* prefix : kNodes) {
    clients.emplace_back([&, prefix] {
      for (std::uint64_t n = 0; (n = next++) < count;) {
        const std::string id = prefix + std::to_string(n % kIdsOfAClient);
        if (!control.start(id).success || !control.stop(id).success) ++failed;
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(failed, 0U);
}

TEST_F(Growth, TenThousandStartsAndStopsLeaveNothing) {
  const Stopwatch watch;
  const std::uint64_t cycles = how_many(10'000, 10'000);
  start();
  const pid_t supervisor = agent.pid(), comms = agent.comms_pid();
  cycle(kWarmUp);
  settle();
  const Resources before = resources_of(agent, sandbox);
  cycle(cycles);
  settle();
  const auto no_more = [&](const Resources& now) {
    return now.supervisor.descriptors <= before.supervisor.descriptors &&
           now.comms.descriptors <= before.comms.descriptors && now.cgroups <= before.cgroups &&
           now.records <= before.records && now.files <= before.files && now.supervisor.zombies == 0 &&
           now.comms.zombies == 0;
  };
  Resources after;
  EXPECT_TRUE(e2e::eventually([&] { return no_more(after = resources_of(agent, sandbox)); }, 10s))
      << before << "\n"
      << after;
  // An allocator rounds up; what a cycle leaves would be there ten thousand times.
  EXPECT_LE(after.supervisor.memory_kb, before.supervisor.memory_kb + 512);
  EXPECT_LE(after.comms.memory_kb, before.comms.memory_kb + 2048);
  EXPECT_LE(after.events_kb, kEventsMaxKb);
  EXPECT_EQ(agent.pid(), supervisor);
  EXPECT_EQ(agent.comms_pid(), comms);
  std::cout << cycles << " starts and stops in " << static_cast<int>(watch.seconds())
            << " s\n  before: " << before << "\n  after:  " << after << "\n";
}

}  // namespace
}  // namespace sutra::endurance
