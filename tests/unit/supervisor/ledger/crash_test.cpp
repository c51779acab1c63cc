// Crashes and failing system calls at every point of a write: the old or the new record is there, never none.
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

using CrashedWrites = testing::Sandbox;

TEST_F(CrashedWrites, OfAnIntentLeaveTheOldOrTheNew) {
  int crashes = 0;
  bool seen_old = false;
  bool seen_new = false;
  for (int at = 1;; ++at) {
    ASSERT_TRUE(open()->write_intent(some_intent("node-1", 1)));
    core::Intent stopped = some_intent("node-1", 2);
    stopped.goal = core::Goal::kStopped;
    const int status = test::in_child([&] {
      auto ledger = open();
      testing::crash_at(at);
      return ledger->write_intent(stopped) ? 0 : 1;
    });
    const auto contents = read();
    ASSERT_TRUE(contents.nodes.contains("node-1")) << at;
    const bool is_new = contents.nodes.at(id_of("node-1")).intent == stopped;
    EXPECT_TRUE(is_new || contents.nodes.at(id_of("node-1")).intent == some_intent("node-1", 1)) << at;
    (is_new ? seen_new : seen_old) = true;
    EXPECT_THAT(names(state / "nodes"), ElementsAre("node-1.toml")) << at;
    if (status == 0) {
      EXPECT_TRUE(is_new);
      break;
    }
    ASSERT_EQ(status, kCrashed);
    ++crashes;
  }
  EXPECT_EQ(crashes, 5) << "write, fsync, exchange, fsync of the directory, unlink";
  EXPECT_TRUE(seen_old && seen_new);
}

TEST_F(CrashedWrites, OfAFirstIntentLeaveNoneOrAWholeOne) {
  for (int at = 1;; ++at) {
    const int status = test::in_child([&] {
      auto ledger = open();
      testing::crash_at(at);
      return ledger->write_intent(some_intent()) ? 0 : 1;
    });
    const auto contents = read();
    EXPECT_THAT(contents.set_aside, IsEmpty()) << at;
    if (contents.nodes.contains("node-1")) {
      EXPECT_EQ(contents.nodes.at(id_of("node-1")).intent, some_intent());
    }
    ASSERT_TRUE(open()->forget(id_of("node-1")));
    if (status == 0) break;
    ASSERT_EQ(status, kCrashed);
  }
}

TEST_F(CrashedWrites, OfFactsLeaveTheOldOrTheNew) {
  for (int at = 1;; ++at) {
    Facts next = some_facts();
    next.generation = 1;
    ASSERT_TRUE(open()->write_facts(some_facts()));
    const int status = test::in_child([&] {
      auto ledger = open();
      testing::crash_at(at);
      return ledger->write_facts(next) ? 0 : 1;
    });
    const auto facts = read().nodes.at(id_of("node-1")).facts;
    EXPECT_TRUE(facts == next || (status != 0 && facts == some_facts())) << at;
    if (status == 0) break;
    ASSERT_EQ(status, kCrashed);
  }
}

struct Failure {
  Call call;
  int count;
  int errnum;
  const char* says;
};

TEST_F(CrashedWrites, ThatFailChangeNothingAndSayWhy) {
  const Failure all[] = {
      {Call::kWrite, 1, ENOSPC, "No space left on device; free space"},
      {Call::kWrite, 1, EDQUOT, "free space"},
      {Call::kFsync, 1, EIO, "Input/output error; check the disk"},
      {Call::kFsync, 2, EIO, "Input/output error; check the disk"},
  };
  for (const bool first : {true, false}) {
    for (const Failure& failure : all) {
      auto ledger = open();
      if (!first) {
        ASSERT_TRUE(ledger->write_intent(some_intent("node-1", 1)));
      }
      fail_at(failure.call, failure.count, failure.errnum);
      const auto written = ledger->write_intent(some_intent("node-1", 2));
      testing::no_faults();
      ASSERT_FALSE(written);
      EXPECT_THAT(written.error().message(), HasSubstr(failure.says));
      EXPECT_THAT(written.error().message(), HasSubstr("write " + (state / "nodes/node-1.toml").string()));
      if (first) {
        EXPECT_THAT(names(state / "nodes"), IsEmpty());
      } else {
        EXPECT_THAT(names(state / "nodes"), ElementsAre("node-1.toml"));
        EXPECT_EQ(ledger->read().nodes.at(id_of("node-1")).intent.revision, 1U);
      }
    }
  }
}

TEST_F(CrashedWrites, AShortWriteIsContinued) {
  auto ledger = open();
  fail_at(Call::kWrite, 1, 0);
  EXPECT_TRUE(ledger->write_intent(some_intent()));
  EXPECT_EQ(ledger->read().nodes.at(id_of("node-1")).intent, some_intent());
}

TEST_F(CrashedWrites, WithoutRenameExchangeAPlainRenameIsUsed) {
  auto ledger = open();
  ASSERT_TRUE(ledger->write_intent(some_intent("node-1", 1)));
  fail_at(Call::kRenameat2, 1, EINVAL);
  EXPECT_TRUE(ledger->write_intent(some_intent("node-1", 2)));
  testing::no_faults();
  EXPECT_EQ(ledger->read().nodes.at(id_of("node-1")).intent.revision, 2U);
}

TEST_F(CrashedWrites, ADirectoryThatVanishesBeforeTheRenameIsMadeAgain) {
  auto ledger = open();
  fail_at(Call::kRename, 1, ENOENT);
  EXPECT_TRUE(ledger->write_facts(some_facts()));
  testing::no_faults();
  EXPECT_EQ(ledger->read().nodes.at(id_of("node-1")).facts, some_facts());
}

TEST_F(CrashedWrites, AnIntentThatCannotBeWrittenBackIsReportedAndUsed) {
  auto ledger = open();
  ASSERT_TRUE(ledger->write_facts(some_facts()));
  fail_at(Call::kWrite, 1, ENOSPC);
  const auto contents = ledger->read();
  testing::no_faults();
  EXPECT_THAT(contents.problems, ElementsAre(HasSubstr("No space left")));
  EXPECT_TRUE(contents.complete);
  EXPECT_TRUE(contents.nodes.contains("node-1"));
}

TEST_F(CrashedWrites, AFileThatCannotBeMovedAwayIsReportedAndIgnored) {
  auto ledger = open();
  testing::put(state / "nodes/x.toml", "?");
  fail_at(Call::kRenameat2, 1, EROFS);
  const auto contents = ledger->read();  // the rename that is tried next works
  testing::no_faults();
  EXPECT_THAT(contents.set_aside, ElementsAre(HasSubstr("it is now")));
}

}  // namespace
}  // namespace sutra::supervisor
