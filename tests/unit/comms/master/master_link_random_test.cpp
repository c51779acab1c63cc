// Random events for the link. LinkDriver checks the rules after every step.
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/comms/master/link_driver.h"

namespace sutra::comms {
namespace {

using testing::LinkDriver;
using Kind = LinkDriver::Kind;
using namespace std::chrono_literals;
namespace ev = link_event;

class World {
 public:
  explicit World(std::uint32_t seed) : policy_(policy(seed)), random_(seed), driver_(policy_) {}

  void run(int steps) {
    driver_.listen();
    for (int i = 0; i < steps && !driver_.over && !::testing::Test::HasFailure(); ++i) {
      check_beat();
      const auto dice = random_() % 100;
      if (dice < 3) {
        send_stale();
      } else if (dice < 4) {
        driver_.step(ev::TimerFired{});  // spurious
      } else if (driver_.call != 0) {    // a call's deadline comes before the next tick
        driver_.now += std::chrono::milliseconds(random_() % 4400);
        answer();
      } else if (driver_.timer) {
        driver_.now += std::chrono::milliseconds(random_() % 300);
        driver_.fire();
      }
      EXPECT_LE(driver_.longest_gap, 7500ms);
    }
    driver_.step(ev::RetireOrdered{});
    if (driver_.call != 0) driver_.step(ev::Unregistered{driver_.take_call()});
    EXPECT_TRUE(driver_.over);
  }

 private:
  static LinkPolicy policy(std::uint32_t seed) {
    LinkPolicy policy;
    policy.hosts = 1 + seed % 3;
    policy.known = seed % 2 == 0;
    policy.seed = seed;
    policy.retry_max = seed % 5 == 0 ? 200s : 5s;
    return policy;
  }

  /// A heartbeat needs a Master that acknowledged this comms, or an earlier one, at some time.
  void check_beat() {
    if (driver_.call != 0 && driver_.kind == Kind::kBeat) {
      EXPECT_TRUE(ever_acknowledged_ || policy_.known) << "a heartbeat before an acknowledged registration";
    }
  }

  void send_stale() {
    const CallId stale = driver_.call > 1 ? driver_.call - 1 : 999'999'999;
    driver_.step(ev::BeatAcknowledged{stale, 1});
    driver_.step(ev::Registered{stale, "old"});
    driver_.step(ev::Connected{stale});
    driver_.step(ev::AgentUnknown{stale});
  }

  void answer() {
    const bool good = random_() % 10 < 7;
    const auto kind = driver_.kind;
    const auto call = driver_.take_call();
    if (!good && random_() % 2 == 0) return driver_.step(ev::CallFailed{call, "it broke"});
    switch (kind) {
      case Kind::kConnect:
        return good ? driver_.step(ev::Connected{call}) : driver_.step(ev::CallFailed{call, "refused"});
      case Kind::kRegister:
        ever_acknowledged_ = ever_acknowledged_ || good;
        return good ? driver_.step(ev::Registered{call, "1"})
                    : driver_.step(ev::RegistrationRefused{call, "no"});
      case Kind::kBeat:
        return good ? driver_.step(ev::BeatAcknowledged{call, 1}) : driver_.step(ev::AgentUnknown{call});
      case Kind::kUnregister:
        return driver_.step(ev::Unregistered{call});
      case Kind::kNone:
        return;
    }
  }

  LinkPolicy policy_;
  std::minstd_rand random_;
  LinkDriver driver_;
  bool ever_acknowledged_ = false;
};

TEST(MasterLink, KeepsItsRulesUnderRandomEvents) {
  for (std::uint32_t seed = 1; seed <= 1500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World(seed).run(200);
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace sutra::comms
