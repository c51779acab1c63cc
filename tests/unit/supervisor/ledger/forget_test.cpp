#include <gmock/gmock.h>

#include "tests/support/in_child.h"
#include "tests/unit/supervisor/ledger/faults.h"
#include "tests/unit/supervisor/ledger/sandbox.h"

namespace sutra::supervisor {
namespace {

using sutra::testing::id_of;
using testing::Call;
using ::testing::ElementsAre;
using testing::fail_at;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kCrashed;
using testing::names;
using testing::some_facts;
using testing::some_intent;

class Forgetting : public testing::Sandbox {
 protected:
  /// A node whose stop is on disk, while the copy beside its facts is older and still says running.
  void record_stopped() {
    auto ledger = open();
    ASSERT_TRUE(ledger->write_facts(some_facts(some_intent("node-1", 1))));
    core::Intent stopped = some_intent("node-1", 2);
    stopped.goal = core::Goal::kStopped;
    ASSERT_TRUE(ledger->write_intent(stopped));
  }
};

TEST_F(Forgetting, RemovesAllRecordsOfTheNodeAndNoOthers) {
  record_stopped();
  auto ledger = open();
  ASSERT_TRUE(ledger->write_intent(some_intent("other")));
  ASSERT_TRUE(ledger->forget(id_of("node-1")));
  EXPECT_THAT(names(state / "nodes"), ElementsAre("other.toml"));
  EXPECT_THAT(names(runtime / "nodes"), IsEmpty());
  EXPECT_TRUE(ledger->forget(id_of("node-1"))) << "it is forgotten already";
}

TEST_F(Forgetting, IsPossibleWithoutDirectories) {
  auto ledger = open();
  std::filesystem::remove_all(state);
  std::filesystem::remove_all(runtime);
  EXPECT_TRUE(ledger->forget(id_of("node-1")));
}

TEST_F(Forgetting, ACrashAtAnyPointNeverBringsAStoppedNodeBack) {
  int crashes = 0;
  for (int at = 1;; ++at) {
    record_stopped();
    const int status = test::in_child([&] {
      auto ledger = open();
      testing::crash_at(at);
      return ledger->forget(id_of("node-1")) ? 0 : 1;
    });
    const auto contents = read();
    const auto node = contents.nodes.find("node-1");
    if (node != contents.nodes.end()) {
      EXPECT_EQ(node->second.intent.goal, core::Goal::kStopped) << at;
    }
    EXPECT_THAT(contents.set_aside, IsEmpty());
    if (status == 0) break;
    ASSERT_EQ(status, kCrashed);
    ++crashes;
  }
  EXPECT_EQ(crashes, 4) << "unlink and fsync, of the facts and of the intent";
}

TEST_F(Forgetting, ACrashAtAnyPointOfAFailedFirstStartLeavesNoConfirmedNodeAndNoProcess) {
  for (int at = 1;; ++at) {
    {
      auto ledger = open();
      Facts facts = some_facts(some_intent());
      facts.process = {};
      ASSERT_TRUE(ledger->write_intent(some_intent()));
      ASSERT_TRUE(ledger->write_facts(facts));
    }
    const int status = test::in_child([&] {
      auto ledger = open();
      testing::crash_at(at);
      return ledger->forget(id_of("node-1")) ? 0 : 1;
    });
    const auto contents = read();
    const auto node = contents.nodes.find("node-1");
    if (node != contents.nodes.end()) {
      EXPECT_FALSE(node->second.intent.confirmed);
      EXPECT_TRUE(!node->second.facts || node->second.facts->process.pid == 0);
    }
    if (status == 0) break;
    ASSERT_EQ(status, kCrashed);
  }
}

TEST_F(Forgetting, FactsThatCannotBeRemovedKeepTheStopOnDisk) {
  record_stopped();
  auto ledger = open();
  fail_at(Call::kUnlink, 1, EROFS);
  const auto forgotten = ledger->forget(id_of("node-1"));
  testing::no_faults();
  ASSERT_FALSE(forgotten);
  EXPECT_THAT(forgotten.error().message(), HasSubstr("remove " + (runtime / "nodes/node-1.toml").string()));
  EXPECT_EQ(read().nodes.at(id_of("node-1")).intent.goal, core::Goal::kStopped);
  EXPECT_TRUE(ledger->forget(id_of("node-1")));
  EXPECT_THAT(read().nodes, IsEmpty());
}

TEST_F(Forgetting, FactsWhoseRemovalIsNotOnDiskKeepTheStopOnDisk) {
  record_stopped();
  auto ledger = open();
  fail_at(Call::kFsync, 1, EIO);
  EXPECT_FALSE(ledger->forget(id_of("node-1")));
  testing::no_faults();
  EXPECT_EQ(read().nodes.at(id_of("node-1")).intent.goal, core::Goal::kStopped);
}

}  // namespace
}  // namespace sutra::supervisor
