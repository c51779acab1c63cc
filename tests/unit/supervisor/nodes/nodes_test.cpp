// Requests, effects and records through the real Nodes, on a system where nothing happens by itself.
#include "supervisor/nodes/nodes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_platform.h"

namespace sutra::supervisor {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class NodesTest : public ::testing::Test {
 protected:
  NodesTest() {
    config_.storage.data_path = "/data";
    config_.storage.log_dir = "/log";
    config_.agent.max_storage_nodes = 3;
    make_nodes();
  }
  void make_nodes() {
    nodes_.reset();
    nodes_ = std::make_unique<Nodes>(
        Nodes::Parts{config_, 997, platform_, ledger_, table_}, [](std::uint32_t) {}, [this] { ++emptied_; });
  }

  Reply keep() {
    return [this](const Outcome& outcome) { answers_.push_back(outcome); };
  }
  void start(const std::string& id, const core::Request& request = {}) {
    nodes_->start(node_id(id), request, keep());
  }
  FakeServer& running(const std::string& id) {
    start(id);
    FakeServer& server = platform_.server(id + ".1");
    server.executed();
    nodes_->node_ready(node_id(id), 1);
    answers_.clear();
    deeds_.clear();
    return server;
  }
  std::size_t at(const std::string& deed) const {
    const auto found = std::find(deeds_.begin(), deeds_.end(), deed);
    EXPECT_NE(found, deeds_.end()) << deed << " was not done";
    return static_cast<std::size_t>(found - deeds_.begin());
  }

  Config config_;
  Deeds deeds_;
  FakePlatform platform_{deeds_};
  FakeLedger ledger_{deeds_};
  FakeTable table_{deeds_, 3};
  std::unique_ptr<Nodes> nodes_;
  std::vector<Outcome> answers_;
  int emptied_ = 0;
};

// ---- starting

TEST_F(NodesTest, TheIntentComesFirstAndTheFactsBeforeTheGate) {
  start("a");
  EXPECT_THAT(deeds_, ElementsAre("intent a", "start a.1", "facts a.1", "gate a.1", "row a starting"));
}

TEST_F(NodesTest, AStartIsAnsweredWhenItServesWithPidAndPort) {
  start("a");
  EXPECT_THAT(answers_, IsEmpty());
  FakeServer& server = platform_.server("a.1");
  server.executed();
  nodes_->node_ready(node_id("a"), 1);
  ASSERT_THAT(answers_, SizeIs(1));
  EXPECT_TRUE(answers_[0].success);
  EXPECT_EQ(answers_[0].pid, static_cast<std::uint32_t>(server.identity.pid));
  EXPECT_EQ(answers_[0].port, 50051);
}

TEST_F(NodesTest, TheTableShowsTheStateBeforeTheAnswerLeaves) {
  std::string seen;
  nodes_->start(node_id("a"), {},
                [&](const Outcome&) { seen = state_name(table_.rows.begin()->second.state); });
  platform_.server("a.1").executed();
  nodes_->node_ready(node_id("a"), 1);
  EXPECT_EQ(seen, "running");
}

TEST_F(NodesTest, AFullDiskRefusesTheRequestAndChangesNothing) {
  ledger_.intents_fail = true;
  start("a");
  ASSERT_THAT(answers_, SizeIs(1));
  EXPECT_FALSE(answers_[0].success);
  EXPECT_THAT(answers_[0].text, HasSubstr("No space left on device"));
  EXPECT_THAT(nodes_->names(), IsEmpty());
  EXPECT_TRUE(platform_.servers.empty());
}

TEST_F(NodesTest, ARowIsFreeAgainAfterARefusedStart) {
  ledger_.intents_fail = true;
  for (int i = 0; i < 5; ++i) start("a");
  ledger_.intents_fail = false;
  for (const char* id : {"a", "b", "c"}) start(id);
  EXPECT_THAT(nodes_->names(), SizeIs(3));
}

TEST_F(NodesTest, TheSameRequestAgainIsAnsweredByTheSameProcess) {
  FakeServer& server = running("a");
  start("a");
  ASSERT_THAT(answers_, SizeIs(1));
  EXPECT_TRUE(answers_[0].success);
  EXPECT_EQ(answers_[0].pid, static_cast<std::uint32_t>(server.identity.pid));
}

TEST_F(NodesTest, AnotherRequestUnderALiveIdSaysWhatDiffers) {
  running("a");
  start("a", {"", 50060, 0});
  ASSERT_THAT(answers_, SizeIs(1));
  EXPECT_FALSE(answers_[0].success);
  EXPECT_THAT(answers_[0].text, HasSubstr("port"));
}

TEST_F(NodesTest, APortInListenIsRefusedAndNamesWho) {
  platform_.taken = {{"127.0.0.1", 50060, 42}};
  start("a", {"", 50060, 0});
  ASSERT_THAT(answers_, SizeIs(1));
  EXPECT_THAT(answers_[0].text, HasSubstr("uid 42"));
}

TEST_F(NodesTest, AFailedFirstStartCarriesTheReasonAndTheOutputAndLeavesNoNode) {
  platform_.output = "bad flag";
  start("a");
  FakeServer& server = platform_.server("a.1");
  server.executed();
  server.dies(code(7));
  ASSERT_THAT(answers_, SizeIs(1));
  EXPECT_FALSE(answers_[0].success);
  EXPECT_THAT(answers_[0].text, HasSubstr("exited with code 7"));
  EXPECT_THAT(answers_[0].text, HasSubstr("bad flag"));
  EXPECT_THAT(nodes_->names(), IsEmpty());
  EXPECT_TRUE(ledger_.intents.empty());
}

TEST_F(NodesTest, AHeldLockNamesItsHolder) {
  platform_.holder = "pid 4711 (redis-server)";
  start("a");
  FakeServer& server = platform_.server("a.1");
  server.progress = LaunchProgress::kFailed;
  server.failure = {true, "lock data directory: another process uses it"};
  server.dies(code(126));
  ASSERT_THAT(answers_, SizeIs(1));
  EXPECT_THAT(answers_[0].text, HasSubstr("pid 4711 (redis-server)"));
}

TEST_F(NodesTest, TheOldestOfTooManyWaitersIsAnswered) {
  for (int i = 0; i < 130; ++i) start("a");
  ASSERT_THAT(answers_, SizeIs(2)) << "128 may wait";
  EXPECT_THAT(answers_[0].text, HasSubstr("too many requests"));
}

// ---- death and restart

TEST_F(NodesTest, ADeathIsLoggedThenRecordedThenReapedAndThenTheRestKilled) {
  FakeServer& server = running("a");
  server.dies(code(1), true);
  EXPECT_LT(at("event a.1 died"), at("facts a.1"));
  EXPECT_LT(at("facts a.1"), at("reap a.1"));
  EXPECT_LT(at("reap a.1"), at("kill a.1"));
  EXPECT_THAT(deeds_, Not(::testing::Contains("start a.2"))) << "something of it lives";
  server.emptied();
  EXPECT_LT(at("kill a.1"), at("start a.2"));
}

TEST_F(NodesTest, AnEventBesideARestartNamesTheGenerationThatItIsAbout) {
  start("a");
  FakeServer& first = platform_.server("a.1");
  first.executed();
  nodes_->node_ready(node_id("a"), 1);
  first.dies(code(1));
  FakeServer& second = platform_.server("a.2");
  second.progress = LaunchProgress::kFailed;
  second.dies(code(126));
  at("event a.2 launch failed");
}

TEST_F(NodesTest, EventsThatCannotBeWrittenAreWrittenLaterInTheirOrder) {
  FakeServer& server = running("a");
  ledger_.events_fail = true;
  server.dies(code(1));
  platform_.server("a.2").executed();
  EXPECT_THAT(deeds_, Not(::testing::Contains("event a.1 died")));
  ledger_.events_fail = false;
  nodes_->record_all();
  EXPECT_LT(at("event a.1 died"), at("event a.2 started"));
}

TEST_F(NodesTest, AProcessIsNotDestroyedWhileItReportsItsOwnEnd) {
  FakeServer& server = running("a");
  server.dies(code(1));  // starts the next one from within the report of the first
  EXPECT_TRUE(server.see_end == nullptr);
  platform_.clock.advance(1ms);
  EXPECT_EQ(nodes_->node(node_id("a"))->generation, 2U);
}

TEST_F(NodesTest, ATimerSeesWhatALauncherReportedBefore) {
  start("a");
  platform_.server("a.1").progress = LaunchProgress::kExeced;  // we were stopped ourselves meanwhile
  platform_.clock.advance(6s);
  EXPECT_EQ(nodes_->node(node_id("a"))->leader, core::Leader::kAlive)
      << "it was taken for a launcher that hangs";
}

// ---- stopping

TEST_F(NodesTest, AStopIsOnDiskBeforeAnySignalAndAnsweredWhenNothingIsLeft) {
  FakeServer& server = running("a");
  nodes_->stop(node_id("a"), keep());
  EXPECT_LT(at("intent a"), at("terminate a.1"));
  server.dies(code(0), true);
  EXPECT_THAT(answers_, IsEmpty());
  server.emptied();
  ASSERT_THAT(answers_, SizeIs(1));
  EXPECT_TRUE(answers_[0].success);
  EXPECT_THAT(nodes_->names(), IsEmpty());
  EXPECT_EQ(emptied_, 1);
}

TEST_F(NodesTest, AnUnknownNodeCannotBeStopped) {
  nodes_->stop(node_id("nobody"), keep());
  ASSERT_THAT(answers_, SizeIs(1));
  EXPECT_FALSE(answers_[0].success);
}

TEST_F(NodesTest, ShuttingDownParksEveryNodeAndRefusesNewOnes) {
  FakeServer& server = running("a");
  nodes_->shut_down();
  start("b");
  ASSERT_THAT(answers_, SizeIs(1));
  EXPECT_THAT(answers_[0].text, HasSubstr("stopping"));
  server.dies(code(0));
  EXPECT_EQ(emptied_, 1);
  EXPECT_TRUE(ledger_.intents.contains("a")) << "it starts again with the agent";
}

// ---- recovering

class Recovering : public NodesTest {
 protected:
  /// As an earlier supervisor left it.
  NodeRecords records_of_a_running_node() {
    running("a");
    NodeRecord recorded;
    recorded.intent = ledger_.intents.at("a");
    recorded.facts = ledger_.facts.at("a");
    make_nodes();
    platform_.server("a.1").child = false;
    deeds_.clear();
    NodeRecords all;
    all[node_id("a")] = recorded;
    return all;
  }
};

TEST_F(Recovering, AProcessThatLivesIsAdoptedAndNotTouched) {
  const auto records = records_of_a_running_node();
  ASSERT_TRUE(nodes_->recover(records));
  EXPECT_EQ(nodes_->node(node_id("a"))->state, core::State::kRunning);
  for (const std::string& deed : deeds_) {
    EXPECT_THAT(deed, Not(::testing::StartsWith("kill")));
    EXPECT_THAT(deed, Not(::testing::StartsWith("start")));
  }
}

TEST_F(Recovering, NothingIsDoneWhenAProcessCannotBeLookedAt) {
  const auto records = records_of_a_running_node();
  platform_.find_fails = make_error("open", "process 1001", "Too many open files");
  EXPECT_FALSE(nodes_->recover(records));
  EXPECT_THAT(deeds_, IsEmpty());
}

TEST_F(Recovering, ADeadOneIsRecordedOnceAndStartedAgain) {
  const auto records = records_of_a_running_node();
  platform_.server("a.1").exit = code(1);
  platform_.server("a.1").populated = false;
  ASSERT_TRUE(nodes_->recover(records));
  platform_.server("a.1").see_end();
  EXPECT_EQ(std::count(deeds_.begin(), deeds_.end(), "event a.1 died"), 1);
  at("start a.2");
}

TEST_F(Recovering, ProcessesThatNoRecordKnowsHoldUpTheNodeAndAreNamed) {
  auto records = records_of_a_running_node();
  records.at(node_id("a")).facts.reset();  // lost
  platform_.shown_leaves = {{"a", 7, true}};
  platform_.put("a.7", 99);
  ASSERT_TRUE(nodes_->recover(records));
  EXPECT_EQ(nodes_->node(node_id("a"))->state, core::State::kOccupied);
  EXPECT_THAT(nodes_->node(node_id("a"))->failure, HasSubstr("/cgroup/a.7"));
  platform_.server("a.7").populated = false;
  platform_.clock.advance(120s);
  at("start a.9");
}

TEST_F(Recovering, RecordsThatSomebodyRemovedAreWrittenAgain) {
  const auto records = records_of_a_running_node();
  ASSERT_TRUE(nodes_->recover(records));
  ledger_.intents.clear();
  ledger_.facts.clear();
  ASSERT_TRUE(nodes_->keep_records());
  EXPECT_TRUE(ledger_.intents.contains("a"));
  EXPECT_TRUE(ledger_.facts.contains("a"));
}

TEST_F(Recovering, RecordsThatCannotBeWrittenAgainAreAnError) {
  const auto records = records_of_a_running_node();
  ASSERT_TRUE(nodes_->recover(records));
  ledger_.intents.clear();
  ledger_.intents_fail = true;
  EXPECT_FALSE(nodes_->keep_records());
}

}  // namespace
}  // namespace sutra::supervisor
