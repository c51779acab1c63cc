// A pid names whoever has it now. In a namespace with few numbers each is used again hundreds of times, by
// servers, launchers, comms, and by decoys that take the numbers of the dead before the next supervisor looks
// for them.
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <iostream>
#include <optional>
#include <sstream>
#include <thread>

#include "tests/chaos/event_follower.h"
#include "tests/endurance/decoy_herd.h"
#include "tests/endurance/own_world.h"
#include "tests/endurance/scale.h"
#include "tests/faults/operator_client.h"
#include "tests/faults/world.h"

namespace sutra::endurance {
namespace {

using namespace std::chrono_literals;

constexpr int kPidMax = 640;  // after the first round only 300 to 639 are given out
constexpr std::size_t kDecoys = 60;
constexpr int kKeepers = 5;
constexpr int kVictims = 10;
constexpr int kCrashers = 40;
constexpr int kRestarters = 4;

std::string host_pid_max() { return e2e::read_file("/proc/sys/kernel/pid_max"); }

class ReusedPids : public OwnWorldTest {
 protected:
  void SetUp() override {
    if (!in_own_namespaces()) return;
    keep_in_memory({"state", "run"});
    sandbox.set("storage", "binary_path", "\"" SUTRA_BRIEF_SERVER "\"");
    sandbox.set("storage", "env", "{SUTRA_WITNESS = \"" + witness + "\"}");
    sandbox.set("storage", "readiness", "\"none\"");
    sandbox.set("storage", "stop_grace_secs", "2");
    sandbox.set("monitoring", "backoff_initial_ms", "1");
    sandbox.set("monitoring", "max_restarts", "1000");
    sandbox.set("monitoring", "restart_window_secs", "1");
    sandbox.set("logging", "level", "\"warn\"");
    sandbox.write_config();
  }
  void TearDown() override {
    over = true;
    for (auto& thread : restarters) thread.join();
    OwnWorldTest::TearDown();
  }

  void start_supervisor() {
    agent.start();
    ASSERT_TRUE(e2e::eventually([&] { return control.alive(); })) << agent.log();
  }
  pid_t must_start(const std::string& id) {
    const auto answer = control.start(id);
    EXPECT_TRUE(answer.success) << id << ": " << answer.text;
    return static_cast<pid_t>(answer.pid);
  }
  /// An operator's restart forgives the past: its servers die at once again, with the shortest waits.
  void keep_crashing(int share) {
    while (!over) {
      for (int i = share; i < kCrashers && !over; i += kRestarters) {
        (void)control.restart("exit-" + std::to_string(i));
        poll(nullptr, 0, 2);
      }
    }
  }
  void begin();
  void hurt_once(int turn);
  [[nodiscard]] bool replaced(int victim);
  void expect_nothing_left();

  std::string witness = sandbox.at("witness");
  DecoyHerd herd{in_own_namespaces() ? kDecoys : 0, witness};
  faults::OperatorClient control{sandbox.at("run")};
  chaos::Journal journal{false};
  chaos::EventFollower events{sandbox.at("state"), journal};
  /// One start of a server: its pid alone may be that of its predecessor.
  struct Started {
    pid_t pid = 0;
    std::uint64_t generation = 0;
    friend bool operator==(const Started&, const Started&) = default;
  };
  [[nodiscard]] std::optional<Started> started(int victim) const;

  std::vector<pid_t> keepers;
  std::vector<Started> victims;
  std::uint64_t missed = 0;  ///< numbers that no decoy could be given
  std::atomic<bool> over{false};
  std::vector<std::thread> restarters;
};

std::map<std::string, std::uint64_t> servers_by_node(const std::string& witness) {
  std::map<std::string, std::uint64_t> servers;
  std::istringstream lines(e2e::read_file(witness));
  for (std::string id, pid; lines >> id >> pid;) ++servers[id];
  return servers;
}

std::uint64_t total(const std::map<std::string, std::uint64_t>& counts) {
  std::uint64_t sum = 0;
  for (const auto& [id, count] : counts) sum += count;
  return sum;
}

void ReusedPids::begin() {
  start_supervisor();
  for (int i = 0; i < kKeepers; ++i) keepers.push_back(must_start("keeper-" + std::to_string(i)));
  for (int i = 0; i < kVictims; ++i) {
    (void)must_start("victim-" + std::to_string(i));
    victims.push_back(started(i).value_or(Started{}));
  }
  for (int i = 0; i < kCrashers; ++i) (void)control.start("exit-" + std::to_string(i));
  for (int i = 0; i < kRestarters; ++i) restarters.emplace_back([this, i] { keep_crashing(i); });
}

std::optional<ReusedPids::Started> ReusedPids::started(int victim) const {
  const auto row = control.node("victim-" + std::to_string(victim));
  if (!row || row->pid == 0) return std::nullopt;
  return Started{static_cast<pid_t>(row->pid), row->generation};
}

bool ReusedPids::replaced(int victim) {
  const auto now = started(victim);
  auto& before = victims[static_cast<std::size_t>(victim)];
  if (!now || *now == before) return false;
  before = *now;
  return true;
}

/// Nodes die unseen and decoys take their numbers; then the next supervisor is asked to stop them.
void ReusedPids::hurt_once(int turn) {
  const pid_t comms = agent.comms_pid();
  agent.kill();
  for (const auto& victim : victims) ASSERT_TRUE(sandbox.signal(victim.pid, SIGKILL));
  for (const auto& victim : victims) {
    ASSERT_TRUE(e2e::eventually([&] { return ::kill(victim.pid, 0) != 0; })) << victim.pid;
    if (!herd.take(victim.pid, 2s)) ++missed;
  }
  if (comms > 0 && !herd.take(comms, 2s)) ++missed;
  start_supervisor();
  for (int i = 0; i < kVictims; ++i) {
    const std::string id = "victim-" + std::to_string(i);
    if ((i + turn) % 3 == 0) {
      const auto stopped = control.stop(id);
      EXPECT_TRUE(stopped.success) << id << ": " << stopped.text;
      must_start(id);
    } else if ((i + turn) % 3 == 1) {
      (void)control.restart(id);
    }
    EXPECT_TRUE(e2e::eventually([&] { return replaced(i) || herd.counts().signalled > 0; }))
        << id << " is not back: before: pid " << victims[static_cast<std::size_t>(i)].pid << ", generation "
        << victims[static_cast<std::size_t>(i)].generation << "; now: pid "
        << started(i).value_or(Started{}).pid << ", generation " << started(i).value_or(Started{}).generation;
  }
  events.follow();
}

void ReusedPids::expect_nothing_left() {
  over = true;
  for (auto& thread : restarters) thread.join();
  restarters.clear();
  for (int i = 0; i < kCrashers; ++i) EXPECT_TRUE(control.stop("exit-" + std::to_string(i)).success);
  for (int i = 0; i < kVictims; ++i) EXPECT_TRUE(control.stop("victim-" + std::to_string(i)).success);
  herd.finish();
  std::set<std::string> doubled;
  const auto left = faults::servers_in(sandbox, doubled);
  EXPECT_TRUE(doubled.empty());
  EXPECT_EQ(left.size(), static_cast<std::size_t>(kKeepers));
  for (int i = 0; i < kKeepers; ++i) {
    const auto found = left.find("keeper-" + std::to_string(i));
    EXPECT_TRUE(found != left.end() && found->second == keepers[static_cast<std::size_t>(i)])
        << "keeper " << i << " lost its process";
  }
  EXPECT_TRUE(e2e::eventually([&] { return faults::zombies_of(agent.pid()).empty(); }));
  EXPECT_TRUE(e2e::eventually([&] { return faults::cgroup_nodes(sandbox).size() <= kKeepers; }));
}

TEST_F(ReusedPids, NoSignalReachesAProcessThatHasTheNumberOfADeadOne) {
  if (!in_own_namespaces()) {
    if (const char* why = why_no_small_pid_namespace()) GTEST_SKIP() << why;
    const std::string before = host_pid_max();
    EXPECT_EQ(run_in_own_namespaces(kPidMax), 0);
    EXPECT_EQ(host_pid_max(), before) << "the host's pid_max has changed";
    return;
  }
  const Stopwatch watch;
  const std::uint64_t wanted = how_many(100'000, 10'000);
  begin();
  std::uint64_t spawns = 0;
  int turns = 0;
  while ((spawns = total(servers_by_node(witness))) < wanted && !HasFailure()) {
    hurt_once(turns++);
    const HerdCounts seen = herd.counts();
    ASSERT_EQ(seen.signalled, 0U) << "decoy " << seen.last_signalled << ", signal " << seen.last_signal
                                  << ", turn " << turns;
  }
  expect_nothing_left();
  events.follow();
  EXPECT_EQ(journal.violations(), 0U);
  std::uint64_t deaths = 0;
  for (const auto& [id, servers] : servers_by_node(witness)) {
    const auto recorded = events.deaths().find(id);
    const std::uint64_t died = recorded == events.deaths().end() ? 0 : recorded->second;
    deaths += died;
    // One that was stopped right after its exec has recorded its death and left no other witness.
    const std::uint64_t dead = id.starts_with("keeper") ? 0 : servers;
    if (id.starts_with("exit") ? died < dead : died != dead)
      ADD_FAILURE() << id << ": " << dead << " servers died, " << died << " deaths are recorded";
  }
  const HerdCounts seen = herd.counts();
  EXPECT_EQ(seen.signalled, 0U) << "decoy " << seen.last_signalled << ", signal " << seen.last_signal;
  std::cout << total(servers_by_node(witness)) << " spawns, " << deaths << " deaths recorded, " << seen.decoys
            << " decoys, of them " << seen.with_a_dead_number << " with a dead server's pid and "
            << seen.with_the_recorded << " with the one that a dead supervisor had recorded (" << missed
            << " not to be had), " << seen.signalled << " signalled, " << turns << " supervisors killed, "
            << static_cast<int>(watch.seconds()) << " s\n";
}

}  // namespace
}  // namespace sutra::endurance
