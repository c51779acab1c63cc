#include "comms/master/master_link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/comms/master/link_driver.h"

namespace sutra::comms {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::LinkDriver;
using Kind = LinkDriver::Kind;
using namespace std::chrono_literals;
namespace act = link_action;
namespace ev = link_event;

void bring_up(LinkDriver& driver) {
  driver.listen();
  driver.connected();
  driver.registered();
  driver.acknowledged();
  driver.said();
}

TEST(MasterLink, DoesNothingBeforeOurServerListens) {
  LinkDriver driver;
  driver.step(ev::TimerFired{});
  EXPECT_THAT(driver.actions, IsEmpty());
}

TEST(MasterLink, LogsTheContractsLinesInOrder) {
  LinkDriver driver;
  driver.listen();
  driver.connected();
  driver.registered();
  driver.acknowledged();
  EXPECT_THAT(driver.said(),
              ElementsAre("🔌 Connecting to Master at 127.0.0.1:7000", "✅ Connected to Master",
                          "📝 Registering with Master...",
                          "✅ Registered with Master (Master v2.0, Agent: agent-1, Host: host-1)",
                          "💓 Starting heartbeat loop (interval: 5s)"));
}

TEST(MasterLink, EveryTwelfthHeartbeatIsLogged) {
  LinkDriver driver;
  bring_up(driver);
  for (int beat = 2; beat < 12; ++beat) {
    driver.fire();
    driver.acknowledged();
  }
  EXPECT_THAT(driver.said(), IsEmpty());
  driver.fire();
  driver.acknowledged();
  EXPECT_THAT(driver.said(), ElementsAre("💓 Heartbeat #12 acknowledged (Master time: 1700000001)"));
}

TEST(MasterLink, EveryHeartbeatIsReportedWithItsTime) {
  LinkDriver driver;
  bring_up(driver);
  for (std::uint64_t beat = 2; beat <= 30; ++beat) {
    driver.fire();
    driver.acknowledged();
    const auto* report = driver.last<act::ReportLink>();
    ASSERT_NE(report, nullptr) << beat;
    EXPECT_EQ(report->heartbeats, beat);
    EXPECT_EQ(report->last_heartbeat_unix, 1'700'000'000 + (beat - 1) * 5);
    EXPECT_EQ(report->state, ipc::LinkState::kConnected);
    EXPECT_EQ(report->away_since_unix, 0U);
  }
}

TEST(MasterLink, RegistrationReportsTheAcknowledgementOnce) {
  LinkDriver driver;
  driver.listen();
  driver.connected();
  driver.registered();
  EXPECT_NE(driver.last<act::ReportAcknowledged>(), nullptr);
  ASSERT_NE(driver.last<act::ReportLink>(), nullptr);
  EXPECT_EQ(driver.last<act::ReportLink>()->state, ipc::LinkState::kConnected);
  driver.acknowledged();
  EXPECT_EQ(driver.last<act::ReportAcknowledged>(), nullptr);
}

TEST(MasterLink, ALostConnectionIsLoggedAndANewRoundBeginsAtOnce) {
  LinkDriver driver;
  bring_up(driver);
  driver.fire();
  driver.fail("the peer closed the connection");
  EXPECT_THAT(driver.said(), ElementsAre("❌ Heartbeat failed: the peer closed the connection",
                                         "⚠️  Connection to Master lost, will retry..."));
  EXPECT_EQ(driver.kind, Kind::kConnect);
  ASSERT_NE(driver.last<act::ReportLink>(), nullptr);
  EXPECT_EQ(driver.last<act::ReportLink>()->state, ipc::LinkState::kLost);
}

TEST(MasterLink, AMasterThatStillKnowsTheAgentGetsAHeartbeatAndNoRegistration) {
  LinkDriver driver;
  bring_up(driver);
  driver.fire();
  driver.fail("gone");
  driver.said();
  driver.connected();
  EXPECT_EQ(driver.kind, Kind::kBeat);
  driver.acknowledged();
  EXPECT_THAT(driver.said(), ElementsAre("✅ Reconnected to Master"));
  EXPECT_EQ(driver.last<act::ReportLink>()->state, ipc::LinkState::kConnected);
}

TEST(MasterLink, ReconnectingToARestartedMasterLogsTheKnownLinesInOrder) {
  LinkDriver driver;
  bring_up(driver);
  driver.fire();
  driver.fail("gone");
  driver.said();
  driver.connected();
  driver.unknown();
  EXPECT_EQ(driver.kind, Kind::kRegister);
  driver.registered();
  driver.acknowledged();
  EXPECT_THAT(driver.said(),
              ElementsAre("✅ Reconnected to Master", "📝 Registering with Master...",
                          "✅ Registered with Master (Master v2.0, Agent: agent-1, Host: host-1)"));
}

TEST(MasterLink, AKnownIdentitySendsAHeartbeatFirstAndLogsReconnected) {
  LinkPolicy policy;
  policy.known = true;
  LinkDriver driver(policy);
  driver.listen();
  driver.connected();
  EXPECT_EQ(driver.kind, Kind::kBeat);
  driver.acknowledged();
  EXPECT_THAT(driver.said(),
              ElementsAre("🔌 Connecting to Master at 127.0.0.1:7000", "✅ Connected to Master",
                          "✅ Reconnected to Master", "💓 Starting heartbeat loop (interval: 5s)"));
}

TEST(MasterLink, AKnownIdentityThatTheMasterForgotRegisters) {
  LinkPolicy policy;
  policy.known = true;
  LinkDriver driver(policy);
  driver.listen();
  driver.connected();
  driver.unknown();
  EXPECT_EQ(driver.kind, Kind::kRegister);
  driver.registered();
  EXPECT_EQ(driver.kind, Kind::kBeat);
}

TEST(MasterLink, AnUnknownAgentRegistersAgainAtOnce) {
  LinkDriver driver;
  bring_up(driver);
  driver.fire();
  driver.unknown();
  EXPECT_EQ(driver.kind, Kind::kRegister);
  EXPECT_NE(driver.call, 0U);
  driver.registered();
  driver.acknowledged();
}

TEST(MasterLink, AMasterThatForgetsANewRegistrationIsTriedAgainWithBackoff) {
  LinkDriver driver;
  driver.listen();
  driver.connected();
  driver.registered();
  driver.unknown();
  EXPECT_EQ(driver.call, 0U);
  EXPECT_GE(driver.until_timer(), 4s);
}

TEST(MasterLink, ARefusedRegistrationIsShownAndTriedAgainWithBackoff) {
  LinkDriver driver;
  driver.listen();
  driver.connected();
  driver.said();
  driver.step(ev::RegistrationRefused{driver.take_call(), "agent limit\n reached"});
  const auto said = driver.said();
  ASSERT_EQ(said.size(), 2U);
  EXPECT_EQ(said[0], "❌ Master at 127.0.0.1:7000 refused the registration: agent limit\\x0a reached");
  EXPECT_THAT(said[1], HasSubstr("trying again in"));
  driver.fire();
  EXPECT_EQ(driver.kind, Kind::kConnect);
}

TEST(MasterLink, ATryIsMadeEveryFiveSecondsAndTriesAreSpread) {
  LinkDriver driver;
  driver.listen();
  std::chrono::milliseconds shortest = 1h;
  std::chrono::milliseconds longest = 0ms;
  for (int round = 0; round < 200; ++round) {
    driver.fail("connection refused");
    const auto from = driver.now;
    driver.fire_until_try();
    shortest = std::min(shortest, std::chrono::duration_cast<std::chrono::milliseconds>(driver.now - from));
    longest = std::max(longest, std::chrono::duration_cast<std::chrono::milliseconds>(driver.now - from));
  }
  EXPECT_GE(shortest, 4s - 1ms);
  EXPECT_LE(longest, 6s + 1ms);
  EXPECT_GT(longest - shortest, 1s);
}

TEST(MasterLink, WaitsDoubleUpToTheLongestAndAreSpread) {
  LinkPolicy policy;
  policy.retry_max = 40s;
  LinkDriver driver(policy);
  driver.listen();
  std::chrono::milliseconds nominal = 5s;
  for (int round = 0; round < 8; ++round) {
    driver.fail("connection refused");
    const auto from = driver.now;
    driver.fire_until_try();
    EXPECT_GE(driver.now - from, nominal * 8 / 10 - 1ms);
    EXPECT_LE(driver.now - from, nominal * 12 / 10 + 1ms);
    nominal = std::min<std::chrono::milliseconds>(nominal * 2, 40s);
  }
}

TEST(MasterLink, AnAcknowledgedHeartbeatResetsTheWait) {
  LinkPolicy policy;
  policy.retry_max = 60s;
  LinkDriver driver(policy);
  driver.listen();
  for (int round = 0; round < 5; ++round) {
    driver.fail("connection refused");
    driver.fire_until_try();
  }
  driver.connected();
  driver.registered();
  driver.acknowledged();
  driver.fire();
  driver.fail("gone");
  driver.fail("connection refused");
  EXPECT_LE(driver.until_timer(), 6s);
}

TEST(MasterLink, ARoundTriesEachMasterInOrderBeforeItWaits) {
  LinkPolicy policy;
  policy.hosts = 3;
  LinkDriver driver(policy);
  driver.listen();
  for (std::size_t host = 0; host < 3; ++host) {
    EXPECT_EQ(driver.kind, Kind::kConnect);
    EXPECT_EQ(driver.connect_host, host);
    driver.fail("connection refused");
  }
  EXPECT_EQ(driver.call, 0U);
  driver.fire();
  EXPECT_EQ(driver.connect_host, 0U);
}

TEST(MasterLink, TheSameCauseIsLoggedOnlyOnce) {
  LinkDriver driver;
  driver.listen();
  driver.fail("connection refused");
  driver.said();
  driver.fire();
  driver.fail("connection refused");
  EXPECT_THAT(driver.said(), IsEmpty());
  driver.fire();
  driver.fail("no route to the host");
  EXPECT_THAT(driver.said(),
              ElementsAre("⚠️  Cannot connect to Master at 127.0.0.1:7000: no route to the host"));
}

TEST(MasterLink, WhileTheMasterIsAwayALineAMinuteSaysSinceWhenWhyAndWhenTheNextTryIs) {
  LinkDriver driver;
  bring_up(driver);
  driver.fire();
  driver.fail("the peer closed the connection");
  driver.said();
  const auto lost = driver.now;
  int tries = 0;
  std::vector<std::string> lines;
  while (driver.now - lost < 10min) {
    if (driver.call != 0) {
      ++tries;
      driver.fail("connection refused");
    } else {
      driver.fire();
    }
    for (const auto& line : driver.said()) lines.push_back(line);
  }
  EXPECT_GE(tries, 100);
  ASSERT_GE(lines.size(), 11U);
  EXPECT_LE(lines.size(), 12U);
  EXPECT_EQ(lines[0], "⚠️  Cannot connect to Master at 127.0.0.1:7000: connection refused");
  for (std::size_t minute = 1; minute < lines.size(); ++minute) {
    EXPECT_THAT(lines[minute],
                ::testing::MatchesRegex(
                    "🔁 No Master reached since 2023-11-14T22:13:25Z; trying again in [0-9]\\.[0-9] s; "
                    "the last cause, at 127\\.0\\.0\\.1:7000: connection refused"));
  }
}

TEST(MasterLink, ALongWaitHasItsLineAMinuteToo) {
  LinkPolicy policy;
  policy.retry_max = 600s;
  LinkDriver driver(policy);
  driver.listen();
  for (int round = 0; round < 8; ++round) {
    driver.fail("connection refused");
    if (round < 7) driver.fire_until_try();
  }
  driver.said();
  const auto began = driver.now;
  std::size_t lines = 0;
  while (driver.call == 0) {
    driver.fire();
    lines += driver.said().size();
  }
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(driver.now - began).count();
  EXPECT_GE(minutes, 7);
  EXPECT_GE(static_cast<long>(lines), minutes - 1);
  EXPECT_LE(static_cast<long>(lines), minutes + 1);
}

TEST(MasterLink, ARegistrationThatIsRefusedAgainAndAgainIsSaidOnce) {
  LinkDriver driver;
  driver.listen();
  for (int round = 0; round < 8; ++round) {
    driver.connected();
    driver.step(ev::RegistrationRefused{driver.take_call(), "the grid is full"});
    const auto said = driver.said();
    EXPECT_TRUE(round == 0 || said.empty()) << round << ": " << said[0];
    driver.fire_until_try();
  }
  driver.said();
  driver.connected();
  driver.registered();
  driver.acknowledged();
  EXPECT_THAT(driver.said(),
              ElementsAre("✅ Registered with Master (Master v2.0, Agent: agent-1, Host: host-1)",
                          "💓 Starting heartbeat loop (interval: 5s)"));
}

TEST(MasterLink, AMasterThatForgetsEveryRegistrationIsSaidOnceAndItsReturnIsSaid) {
  LinkDriver driver;
  bring_up(driver);
  driver.fire();
  driver.fail("gone");
  for (int round = 0; round < 8; ++round) {
    driver.connected();
    driver.unknown();
    driver.registered();
    driver.unknown();
    const auto said = driver.said();
    EXPECT_TRUE(round == 0 || said.empty()) << round << ": " << said[0];
    driver.fire_until_try();
  }
  driver.said();
  driver.connected();
  driver.unknown();
  driver.registered();
  driver.acknowledged();
  EXPECT_THAT(driver.said(), ElementsAre("✅ Reconnected to Master"));
}

TEST(MasterLink, AMasterWithAnotherReasonEachTimeCannotFillTheLog) {
  LinkDriver driver;
  driver.listen();
  std::size_t lines = 0;
  for (int round = 0; round < 1000; ++round) {
    driver.fail("cause " + std::to_string(round));
    driver.fire_until_try();
    lines += driver.said().size();
  }
  EXPECT_LE(lines, 100U + 1000 * 6 / 60 + 2);
}

TEST(MasterLink, AnAbsenceIsReportedWithItsBeginItsCauseAndTheNextTry) {
  LinkDriver driver;
  driver.listen();
  driver.now += 3s;
  driver.fail("connection refused");
  const auto* report = driver.last<act::ReportLink>();
  ASSERT_NE(report, nullptr);
  EXPECT_EQ(report->state, ipc::LinkState::kConnecting);
  EXPECT_EQ(report->away_since_unix, 1'700'000'000U);
  EXPECT_EQ(report->cause, "connection refused");
  EXPECT_GE(report->next_try_unix, 1'700'000'003U + 4);
  EXPECT_LE(report->next_try_unix, 1'700'000'003U + 6);
  driver.fire();
  driver.connected();
  driver.registered();
  driver.acknowledged();
  driver.fire();
  driver.fail("gone");
  report = driver.last<act::ReportLink>();
  ASSERT_NE(report, nullptr);
  EXPECT_EQ(report->state, ipc::LinkState::kLost);
  EXPECT_EQ(report->cause, "gone");
  EXPECT_EQ(report->next_try_unix, 0U) << "a try is under way";
  EXPECT_EQ(report->last_heartbeat_unix + 5, report->away_since_unix);
}

TEST(MasterLink, HeartbeatsAreSentAtFixedTimes) {
  LinkDriver driver;
  bring_up(driver);
  const auto first = driver.now;
  for (int beat = 1; beat <= 100; ++beat) {
    driver.now = std::max(driver.now, driver.timer.value()) + 30ms;  // the timer is late, each time
    driver.fire();
    EXPECT_LT(driver.now - (first + beat * 5s), 100ms);
    driver.now += 200ms;  // and so is the answer
    driver.acknowledged();
  }
}

TEST(MasterLink, MissedHeartbeatsAreSkipped) {
  LinkDriver driver;
  bring_up(driver);
  driver.now += 23s;  // a stopped process
  driver.fire();
  EXPECT_EQ(driver.kind, Kind::kBeat);
  driver.acknowledged();
  EXPECT_EQ(driver.call, 0U);
  EXPECT_GT(driver.until_timer(), 0ms);
  EXPECT_LE(driver.until_timer(), 5s);
}

TEST(MasterLink, AnAnswerAfterTheNextTickIsFollowedByAHeartbeatAtOnce) {
  LinkDriver driver;
  bring_up(driver);
  driver.fire();
  const auto late = driver.call;
  driver.fire();
  EXPECT_EQ(driver.call, late) << "one call at a time";
  driver.now += 100ms;
  driver.acknowledged();
  EXPECT_NE(driver.call, 0U);
  EXPECT_LE(driver.longest_gap, 5100ms);
}

TEST(MasterLink, AnAnswerOfAnAbandonedAttemptIsIgnored) {
  LinkDriver driver;
  driver.listen();
  const auto stale = driver.call;
  driver.fail("connection refused");
  driver.fire();
  const auto current = driver.call;
  driver.step(ev::Connected{stale});
  EXPECT_THAT(driver.actions, IsEmpty());
  driver.step(ev::CallFailed{stale, "late"});
  EXPECT_THAT(driver.actions, IsEmpty());
  driver.step(ev::BeatAcknowledged{current, 1});
  EXPECT_THAT(driver.actions, IsEmpty()) << "not the kind of answer that was asked for";
  EXPECT_EQ(driver.call, current);
}

TEST(MasterLink, RetireUnregistersFromTheConnectedMaster) {
  LinkDriver driver;
  bring_up(driver);
  driver.fire();
  driver.step(ev::RetireOrdered{});
  EXPECT_EQ(driver.kind, Kind::kUnregister);
  EXPECT_EQ(driver.last<act::Unregister>()->timeout, 2s);
  driver.step(ev::Unregistered{driver.take_call()});
  EXPECT_TRUE(driver.over);
}

TEST(MasterLink, RetireWaitsTwoSecondsAtMost) {
  LinkDriver driver;
  bring_up(driver);
  driver.step(ev::RetireOrdered{});
  EXPECT_EQ(driver.until_timer(), 2s);
  driver.fire();
  EXPECT_TRUE(driver.over);
}

TEST(MasterLink, RetireWithoutAMasterEndsAtOnce) {
  LinkDriver before_listening;
  before_listening.step(ev::RetireOrdered{});
  EXPECT_TRUE(before_listening.over);
  LinkDriver connecting;
  connecting.listen();
  connecting.step(ev::RetireOrdered{});
  EXPECT_TRUE(connecting.over);
  LinkDriver waiting;
  waiting.listen();
  waiting.fail("connection refused");
  waiting.step(ev::RetireOrdered{});
  EXPECT_TRUE(waiting.over);
}

}  // namespace
}  // namespace sutra::comms
