// Ten thousand starts and stops leave the agent as it was: no descriptor, memory, zombie, cgroup or file
// more.
#include <gmock/gmock.h>

#include <unistd.h>

#include <array>
#include <atomic>
#include <iostream>
#include <mutex>
#include <set>
#include <thread>

#include "tests/endurance/own_world.h"
#include "tests/endurance/resources.h"
#include "tests/endurance/scale.h"
#include "tests/faults/operator_client.h"
#include "tests/faults/world.h"

namespace sutra::endurance {
namespace {

using namespace std::chrono_literals;

/// One client for each kind of node; it starts and stops nodes of that kind.
constexpr std::array<const char*, 8> kClients{"serve-",    "serve-",    "family-",   "family-",
                                              "stubborn-", "stubborn-", "stubborn-", "exit-"};
constexpr std::uint64_t kWarmUp = 400;
constexpr std::uint64_t kIdsOfAClient = 5;
constexpr long kEventsMaxKb = 2 * 8 * 1024;

class Growth : public OwnWorldTest {
 protected:
  Growth() {
    sandbox.set("storage", "binary_path", "\"" SUTRA_BRIEF_SERVER "\"");
    sandbox.set("storage", "readiness", "\"none\"");
    sandbox.set("storage", "stop_grace_secs", "1");
    sandbox.set("logging", "level", "\"warn\"");
  }
  void SetUp() override {
    if (in_own_namespaces()) keep_in_memory({"state", "run"});
  }
  /// `count` starts and stops in all, by all clients at the same time.
  void cycle(std::uint64_t count);
  /// Waits until the work that a stop leaves for later is done.
  void settle() {
    EXPECT_TRUE(e2e::eventually([&] { return agent.nodes().empty(); }));
    EXPECT_TRUE(e2e::eventually([&] { return faults::zombies_of(agent.pid()).empty(); }));
    EXPECT_TRUE(e2e::eventually([&] { return faults::cgroup_nodes(sandbox).empty(); }));
  }

  faults::OperatorClient control{sandbox.at("run")};
};

void Growth::cycle(std::uint64_t count) {
  std::atomic<std::uint64_t> next{0};
  std::mutex mutex;
  std::set<std::string> refusals;
  std::vector<std::thread> clients;
  for (std::size_t client = 0; client < kClients.size(); ++client) {
    clients.emplace_back([&, client] {
      const std::string kind = kClients[client];
      for (std::uint64_t n = 0; (n = next++) < count;) {
        const std::string id = kind + std::to_string(client) + "-" + std::to_string(n % kIdsOfAClient);
        const auto started = control.start(id);
        const auto stopped = control.stop(id);
        if (stopped.success && (started.success || kind == "exit-")) continue;
        const std::lock_guard lock(mutex);
        refusals.insert(id + ": " + started.text + "; " + stopped.text);
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_THAT(refusals, ::testing::IsEmpty());
}

TEST_F(Growth, TenThousandStartsAndStopsLeaveNothing) {
  if (geteuid() == 0 && !in_own_namespaces()) {
    EXPECT_EQ(run_in_own_namespaces(0), 0);
    return;
  }
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
  // An allocator rounds up; a leak of each cycle would show ten thousand times.
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
