#include "supervisor/core/probe_restart.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/unit/supervisor/core/drive.h"

namespace sutra::supervisor::core {
namespace {

using testing::Drive;
using namespace std::chrono_literals;

/// Two running nodes, of which the first may be told not to answer.
struct Pair {
  Drive one, other;
  Pair() {
    one.running();
    other.running();
  }
  [[nodiscard]] bool other_may() const {
    const std::array<const Node*, 2> all{&one.node, &other.node};
    return may_probe_restart(other.node, other.node.generation, all, other.context.policy,
                             other.context.now.boot);
  }
};

TEST(ProbeRestart, ARunningNodeMayBeRestarted) { EXPECT_TRUE(Pair().other_may()); }

TEST(ProbeRestart, OneAtATime) {
  Pair pair;
  pair.one.feed(Unresponsive{1, "3 probes failed"});
  EXPECT_FALSE(pair.other_may());
  pair.one.die().empty();
  EXPECT_FALSE(pair.other_may()) << "it does not serve again yet";
  pair.one.exec().ready();
  EXPECT_TRUE(pair.other_may());
}

TEST(ProbeRestart, ANodeThatDoesNotBecomeReadyBlocksOtherRestartsOnlyUntilTheReadyTimeOut) {
  Pair pair;
  pair.one.feed(Unresponsive{1, "3 probes failed"}).die().empty().exec();
  pair.other.wait(pair.other.context.policy.ready_timeout + 1s);
  EXPECT_TRUE(pair.other_may());
}

TEST(ProbeRestart, AReportOfAnotherGenerationIsIgnored) {
  Pair pair;
  ++pair.other.node.generation;
  const std::array<const Node*, 1> all{&pair.other.node};
  EXPECT_FALSE(may_probe_restart(pair.other.node, 1, all, pair.other.context.policy, 1000s));
}

TEST(ProbeRestart, IsRefusedWithoutProbesAndBeforeTheNodeServes) {
  Pair pair;
  pair.other.context.policy.readiness_by_probe = false;
  EXPECT_FALSE(pair.other_may());
  Pair starting;
  starting.other.node.state = State::kStarting;
  EXPECT_FALSE(starting.other_may());
}

}  // namespace
}  // namespace sutra::supervisor::core
