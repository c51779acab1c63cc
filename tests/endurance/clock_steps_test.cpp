// The wall clock jumps ten years every second while the agent does all its work. No promise of the agent may depend on
// that clock.
#include <gmock/gmock.h>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <thread>

#include "tests/endurance/moving_clock.h"
#include "tests/endurance/scale.h"
#include "tests/faults/operator_client.h"
#include "tests/faults/world.h"
#include "tests/grid/callback_threads.h"
#include "tests/grid/reference_master.h"
#include "tests/support/fixture.h"

namespace sutra::endurance {
namespace {

using namespace std::chrono_literals;
using Moment = std::chrono::steady_clock::time_point;

constexpr auto kTime = 30s;
constexpr auto kFallingFor = 10s;
constexpr int kKeepers = 3;
constexpr int kCrashers = 4;
constexpr std::size_t kMaxRestarts = 10;  // within a minute: no crashing node reaches it
constexpr auto kBackSoon = 6s;            // 1.2 s of backoff at most, a start, a busy machine
constexpr auto kInterval = 2s;            // of heartbeats
constexpr auto kReplacedWithin = 15s;     // a heartbeat after the supervisor or comms was replaced

std::chrono::milliseconds since(Moment from) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - from);
}

class ClockSteps : public e2e::AgentTest {
 protected:
  ClockSteps() {
    EXPECT_TRUE(master.start("127.0.0.1:0"));
    sandbox.set("agent", "master_host", "\"" + master.address() + "\"");
    sandbox.set("agent", "agent_id", "\"" + id + "\"");
    sandbox.set("storage", "stop_grace_secs", "1");
    sandbox.set("monitoring", "heartbeat_interval_secs", std::to_string(kInterval.count()));
    sandbox.set("monitoring", "max_restarts", std::to_string(kMaxRestarts));
    sandbox.set("monitoring", "restart_window_secs", "600");
    clock.set_under(agent);
  }
  void start_agent() { agent.start_and_wait(); }
  void begin();
  void crash_and_see_it_back(int crasher);
  void come_and_go(int number);
  /// A heartbeat may be late afterwards, because comms was replaced.
  template <typename Action>
  void disturb(const Action& action) {
    disturbed.push_back(std::chrono::steady_clock::now());
    action();
    ASSERT_TRUE(agent.wait_until_serving()) << agent.log();
  }
  void expect_heartbeats_on_time();
  void expect_each_death_once();

  std::string id = "clock-" + std::to_string(getpid());
  grid_testing::ReferenceMaster master;
  MovingClock clock{sandbox};
  faults::OperatorClient control{sandbox.at("run")};
  std::vector<std::uint32_t> keepers;
  std::map<std::string, std::size_t> deaths;
  std::vector<Moment> disturbed;
  std::chrono::milliseconds slowest_return{0};
};

void ClockSteps::begin() {
  sandbox.write_config();
  clock.start_jumping();
  start_agent();
  for (int i = 0; i < kKeepers; ++i) keepers.push_back(must_spawn("serve-keeper" + std::to_string(i)).pid());
  for (int i = 0; i < kCrashers; ++i) must_spawn("serve-crasher" + std::to_string(i));
  // It serves once; every later start fails, until it is quarantined.
  ASSERT_TRUE(sandbox.signal(must_spawn("once-1").pid(), SIGKILL));
  deaths["once-1"] = kMaxRestarts + 1;
}

void ClockSteps::crash_and_see_it_back(int crasher) {
  const std::string node = "serve-crasher" + std::to_string(crasher);
  const auto now = agent.node(node);
  ASSERT_TRUE(now && now->pid() != 0) << node;
  const auto from = std::chrono::steady_clock::now();
  ASSERT_TRUE(sandbox.signal(now->pid(), SIGKILL));
  ++deaths[node];
  ASSERT_TRUE(agent.wait_replaced(node, now->pid(), kBackSoon)) << node << " is not back\n" << agent.log();
  slowest_return = std::max(slowest_return, since(from));
}

void ClockSteps::come_and_go(int number) {
  const std::string node = "serve-guest" + std::to_string(number);
  must_spawn(node);
  const auto from = std::chrono::steady_clock::now();
  EXPECT_TRUE(agent.stop_node(node).success());
  EXPECT_LE(since(from), 3s);
  ++deaths[node];
}

void ClockSteps::expect_heartbeats_on_time() {
  auto longest = 0ms, longest_disturbed = 0ms;
  std::optional<Moment> last;
  for (const auto& beat : master.trace(id).beats) {
    if (last) {
      const auto gap = std::chrono::duration_cast<std::chrono::milliseconds>(beat.at - *last);
      const bool excused = std::any_of(disturbed.begin(), disturbed.end(),
                                       [&](Moment at) { return at >= *last - kInterval && at <= beat.at; });
      auto& kept = excused ? longest_disturbed : longest;
      kept = std::max(kept, gap);
    }
    last = beat.at;
  }
  ASSERT_TRUE(last);
  EXPECT_LE(since(*last), kReplacedWithin) << "no heartbeat at the end";
  EXPECT_LE(longest, kInterval * 3 / 2);
  EXPECT_LE(longest_disturbed, kReplacedWithin);
  std::cout << "longest gap between two heartbeats (interval " << kInterval.count()
            << " s): " << longest.count() << " ms; where comms was replaced " << longest_disturbed.count()
            << " ms\n";
}

void ClockSteps::expect_each_death_once() {
  std::map<std::string, std::size_t> recorded;
  EXPECT_TRUE(e2e::eventually([&] { return (recorded = faults::read_events(sandbox).deaths) == deaths; }, 5s))
      << ::testing::PrintToString(recorded) << "\nwere recorded, and happened\n"
      << ::testing::PrintToString(deaths);
  EXPECT_THAT(faults::read_events(sandbox).faults, ::testing::IsEmpty());
}

TEST_F(ClockSteps, JumpsOfTenYearsEverySecondChangeNothing) {
  begin();
  const auto began = std::chrono::steady_clock::now();
  int round = 0;
  const auto go_on_until = [&](std::chrono::seconds end) {
    while (since(began) < end) {
      crash_and_see_it_back(round % kCrashers);
      come_and_go(round++);
    }
  };
  // A crashing node may fail ten times in all; the rest of the time nodes are started and stopped.
  const auto guests_until = [&](std::chrono::seconds end) {
    while (since(began) < end) come_and_go(round++);
  };
  go_on_until(2s);
  disturb([&] { EXPECT_TRUE(control.reload().success); });
  go_on_until(4s);
  disturb([&] {
    agent.kill();
    start_agent();
  });
  go_on_until(6s);
  disturb([&] { EXPECT_TRUE(sandbox.signal(agent.comms_pid(), SIGKILL)); });
  go_on_until(8s);
  EXPECT_TRUE(agent.wait_status("once-1", "failed")) << "it is not given up";
  guests_until(kTime);

  clock.stop();
  EXPECT_TRUE(agent.wait_status("once-1", "failed")) << "its quarantine is forgotten";
  for (int i = 0; i < kKeepers; ++i) {
    const auto node = agent.node("serve-keeper" + std::to_string(i));
    EXPECT_TRUE(node && node->pid() == keepers[static_cast<std::size_t>(i)] && node->status() == "running");
  }
  for (int i = 0; i < kCrashers; ++i)
    EXPECT_TRUE(agent.wait_status("serve-crasher" + std::to_string(i), "running", 5s));
  expect_each_death_once();
  expect_heartbeats_on_time();
  std::cout << clock.jumps() << " jumps of ten years in " << since(began).count() / 1000 << " s, " << round
            << " nodes came and went, slowest return of a crashed one " << slowest_return.count() << " ms\n";
}

// A thread that waits for a time of the wall clock waits longer when the clock is set back: such threads would hang one
// after the other.
TEST_F(ClockSteps, AClockThatIsSetBackFiveTimesASecondDelaysNoHeartbeat) {
  sandbox.write_config();
  start_agent();
  const auto node = must_spawn("serve-1");
  const pid_t comms = agent.comms_pid();
  clock.start_falling_back();
  // No calls arrive: the threads of comms sleep.
  std::this_thread::sleep_for(kFallingFor);
  const auto asked = std::chrono::steady_clock::now();
  const auto now = agent.node("serve-1");
  EXPECT_TRUE(now && now->pid() == node.pid()) << "status was not answered";
  const auto took = since(asked);
  clock.stop();
  EXPECT_EQ(agent.comms_pid(), comms) << agent.log();
  expect_heartbeats_on_time();
  std::cout << clock.jumps() << " days back, then a status in " << took.count() << " ms\n";
}

}  // namespace
}  // namespace sutra::endurance
