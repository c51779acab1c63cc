// Every wait and every timer lies between 0 and its limit, over the whole range that the configuration allows
// for each duration.
#include <gtest/gtest.h>

#include <cstdio>
#include <limits>
#include <random>

#include "common/config/keys.h"
#include "supervisor/core/recovery.h"
#include "supervisor/core/restart_policy.h"
#include "tests/unit/supervisor/core/drive.h"

namespace sutra::supervisor::core {
namespace {

using namespace std::chrono_literals;
using testing::Drive;

struct Range {
  std::int64_t least = 0;
  std::int64_t most = 0;
};

/// What the configuration allows for a key.
Range range_of(std::string_view name) {
  const config::Key* key = config::find_key(name);
  Range range;
  long least = 0;
  long most = 0;
  if (key == nullptr ||
      std::sscanf(key->kind.allowed.c_str(), "an integer from %ld to %ld", &least, &most) != 2) {
    ADD_FAILURE() << name << " is no key that takes an integer";
    return range;
  }
  return {least, most};
}

/// Both ends, every power of two between with its neighbours, what once overflowed, and some others.
std::vector<std::int64_t> values_of(std::string_view name) {
  const Range range = range_of(name);
  std::vector<std::int64_t> values{range.least, range.most, 8589, 8590, 10000};
  for (std::int64_t power = 1; power <= range.most; power *= 2) {
    for (const std::int64_t near : {power - 1, power, power + 1}) values.push_back(near);
  }
  std::mt19937_64 random(7);
  std::uniform_int_distribution<std::int64_t> any(range.least, range.most);
  for (int i = 0; i < 20; ++i) values.push_back(any(random));
  std::erase_if(values, [&](std::int64_t value) { return value < range.least || value > range.most; });
  return values;
}

Nanoseconds with_jitter(Nanoseconds time) { return time * 6 / 5; }

/// The waits after 0, 1, 2... failures.
void expect_waits(const Policy& policy) {
  std::vector<std::uint32_t> failures{1000, std::numeric_limits<std::uint32_t>::max()};
  for (std::uint32_t i = 0; i <= 70; ++i) failures.push_back(i);
  for (const std::uint32_t failed : failures) {
    for (const std::uint32_t entropy : {0U, 200U, 400U, std::numeric_limits<std::uint32_t>::max()}) {
      const Nanoseconds wait = retry_delay(failed, policy, entropy);
      const bool at_once = failed <= 1;
      const Nanoseconds least = at_once ? 0s : policy.backoff_initial * 4 / 5;
      const Nanoseconds longest = at_once ? 0s : with_jitter(policy.backoff_max);
      ASSERT_TRUE(wait >= least && wait <= longest)
          << wait.count() << " ns after " << failed << " failures, initial " << policy.backoff_initial.count()
          << " ns, longest " << policy.backoff_max.count() << " ns";
      if (failed > 35) {
        ASSERT_GE(wait, policy.backoff_max * 4 / 5) << "it has doubled to the longest by now";
      }
    }
  }
}

TEST(Durations, AWaitIsNeverNegativeNorLongerThanTheLongest) {
  for (const std::int64_t initial : values_of("monitoring.backoff_initial_ms")) {
    for (const std::int64_t longest : values_of("monitoring.backoff_max_secs")) {
      Policy policy;
      policy.backoff_initial = std::chrono::milliseconds(initial);
      policy.backoff_max = std::chrono::seconds(longest);
      if (policy.backoff_initial > policy.backoff_max) continue;  // such a file is refused
      expect_waits(policy);
      if (HasFatalFailure()) return;
    }
  }
}

/// Each duration at either end of its range: all such policies that a file can have.
std::vector<Policy> extreme_policies() {
  std::vector<Policy> policies;
  for (unsigned bits = 0; bits < 64; ++bits) {
    const auto end = [bits](unsigned bit, std::string_view name) {
      const Range range = range_of(name);
      return (bits >> bit & 1U) != 0 ? range.most : range.least;
    };
    Policy policy;
    policy.max_restarts = static_cast<std::uint32_t>(range_of("monitoring.max_restarts").most);
    policy.restart_window = std::chrono::seconds(end(0, "monitoring.restart_window_secs"));
    policy.backoff_initial = std::chrono::milliseconds(end(1, "monitoring.backoff_initial_ms"));
    policy.backoff_max = std::chrono::seconds(end(2, "monitoring.backoff_max_secs"));
    policy.stable_after = std::chrono::seconds(end(3, "monitoring.stable_after_secs"));
    policy.ready_timeout = std::chrono::seconds(end(4, "storage.ready_timeout_secs"));
    policy.stop_grace = std::chrono::seconds(end(5, "storage.stop_grace_secs"));
    if (policy.backoff_initial <= policy.backoff_max) policies.push_back(policy);
  }
  return policies;
}

Nanoseconds limit_of(TimerKind kind, const Policy& policy) {
  switch (kind) {
    case TimerKind::kLaunch:
      return policy.launch_deadline;
    case TimerKind::kReadiness:
      return policy.ready_timeout;
    case TimerKind::kGrace:
      return policy.stop_grace;
    case TimerKind::kRetry:
      return with_jitter(policy.backoff_max);
  }
  return {};
}

/// The timers that the last step armed. How many there were.
int expect_timers(const Drive& node) {
  int armed = 0;
  for (const Effect& effect : node.effects) {
    const auto* arm = std::get_if<ArmTimer>(&effect);
    if (arm == nullptr) continue;
    ++armed;
    EXPECT_GE(arm->delay, 0s);
    EXPECT_LE(arm->delay, limit_of(arm->timer.kind, node.context.policy));
    EXPECT_EQ(arm->timer.due, node.context.now.boot + arm->delay);
  }
  return armed;
}

TEST(Durations, NoTimerOfANodeThatCrashesForEverIsOutsideItsLimits) {
  for (const Policy& policy : extreme_policies()) {
    Drive node;
    node.context.policy = policy;
    int armed = expect_timers(node.running());
    for (int crash = 0; crash < 100; ++crash) {
      armed += expect_timers(node.die());
      armed += expect_timers(node.empty());
      if (node.node.timer && node.node.timer->kind == TimerKind::kRetry) {
        node.context.now.boot = node.node.timer->due;
        armed += expect_timers(node.fire());
      }
      armed += expect_timers(node.exec());
      if (crash % 7 == 0) armed += expect_timers(node.ready());
      if (::testing::Test::HasFailure()) return;
    }
    node.feed(StopRequested{});
    armed += expect_timers(node);
    EXPECT_GE(armed, 200) << "a launch and a wait for nearly every crash";
  }
}

TEST(Durations, NoTimerOfANodeReadFromADamagedRecordIsOutsideItsLimits) {
  constexpr Nanoseconds kNow = 1000s;
  for (const Policy& policy : extreme_policies()) {
    for (const std::int64_t time :
         {std::numeric_limits<std::int64_t>::min(), std::int64_t{-1}, std::int64_t{0}, kNow.count(),
          kNow.count() + 1, std::numeric_limits<std::int64_t>::max()}) {
      Facts facts;
      facts.state = State::kBackoff;
      facts.generation = 4;
      facts.since = facts.retry_due.emplace(time);
      facts.history.failures = {Nanoseconds(time)};
      Intent intent = testing::some_intent();
      intent.confirmed = true;
      Drive node;
      node.context.policy = policy;
      node.context.now.boot = kNow;
      const RecoveredNode found = recover(intent, facts, 0, {}, policy, kNow);
      EXPECT_TRUE(found.node.since >= 0s && found.node.since <= kNow);
      for (const Nanoseconds failure : found.node.history.failures) {
        EXPECT_TRUE(failure >= 0s && failure <= kNow);
      }
      node.node = found.node;
      EXPECT_EQ(expect_timers(node.feed(found.event)), 1) << "it starts, or waits for its next try";
    }
  }
}

}  // namespace
}  // namespace sutra::supervisor::core
