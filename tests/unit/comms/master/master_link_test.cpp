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

TEST(MasterLink, EveryTwelfthHeartbeatIsLoggedAndReported) {
  LinkDriver driver;
  bring_up(driver);
  for (int beat = 2; beat < 12; ++beat) {
    driver.fire();
    driver.acknowledged();
    EXPECT_EQ(driver.last<act::ReportLink>(), nullptr);
  }
  EXPECT_THAT(driver.said(), IsEmpty());
  driver.fire();
  driver.acknowledged();
  EXPECT_THAT(driver.said(), ElementsAre("💓 Heartbeat #12 acknowledged (Master time: 1700000001)"));
  ASSERT_NE(driver.last<act::ReportLink>(), nullptr);
  EXPECT_EQ(driver.last<act::ReportLink>()->heartbeats, 12U);
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

TEST(MasterLink, ReconnectingToARestartedMasterLogsBothLines) {
  LinkDriver driver;
  bring_up(driver);
  driver.fire();
  driver.fail("gone");
  driver.said();
  driver.connected();
  driver.unknown();
  EXPECT_EQ(driver.kind, Kind::kRegister);
  driver.registered();
  EXPECT_THAT(driver.said(),
              ElementsAre("✅ Reconnected to Master",
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

TEST(MasterLink, WaitsDoubleUpToOneMinuteWithJitter) {
  LinkDriver driver;
  driver.listen();
  std::chrono::milliseconds nominal = 5s;
  for (int round = 0; round < 8; ++round) {
    driver.fail("connection refused");
    EXPECT_GE(driver.until_timer(), nominal * 8 / 10 - 1ms);
    EXPECT_LE(driver.until_timer(), nominal * 12 / 10 + 1ms);
    nominal = std::min<std::chrono::milliseconds>(nominal * 2, 60s);
    driver.fire();
  }
}

TEST(MasterLink, AnAcknowledgedHeartbeatResetsTheWait) {
  LinkDriver driver;
  driver.listen();
  for (int round = 0; round < 5; ++round) {
    driver.fail("connection refused");
    driver.fire();
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
