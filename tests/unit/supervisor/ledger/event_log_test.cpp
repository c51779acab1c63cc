#include "supervisor/ledger/event_log.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <fstream>

#include "supervisor/ledger/event_line.h"
#include "tests/support/in_child.h"
#include "tests/unit/supervisor/ledger/faults.h"
#include "tests/unit/supervisor/ledger/sandbox.h"

namespace sutra::supervisor::ledger {
namespace {

using supervisor::testing::Call;
using supervisor::testing::content;
using supervisor::testing::fail_at;
using supervisor::testing::lines;
using supervisor::testing::no_faults;
using sutra::testing::id_of;
using ::testing::HasSubstr;
using ::testing::SizeIs;

Ledger::Event died(const std::string& node_id, std::uint64_t generation) {
  return {1'700'000'000,
          id_of(node_id),
          generation,
          "died",
          "",
          core::Exit{core::ExitCause::kSignal, 0, 9, 1'700'000'000}};
}
Ledger::Event event(const std::string& what, const std::string& node_id = "n", std::uint64_t generation = 1) {
  return {1'700'000'000, id_of(node_id), generation, what, "", {}};
}

class EventFile : public supervisor::testing::Sandbox {
 protected:
  EventFile() { std::filesystem::create_directories(state); }
  /// Numbers in both files, the older first; every line must be one of ours.
  std::vector<std::uint64_t> numbers() const {
    std::vector<std::uint64_t> out;
    for (const auto& path : {state / "events.jsonl.1", state / "events.jsonl"}) {
      for (const std::string& line : lines(path)) {
        const auto key = event_key(line);
        EXPECT_TRUE(key) << line;
        if (key) out.push_back(key->seq);
      }
    }
    return out;
  }
  void expect_no_gap(std::size_t last) const {
    const auto all = numbers();
    ASSERT_FALSE(all.empty());
    EXPECT_EQ(all.back(), last);
    for (std::size_t i = 1; i < all.size(); ++i) EXPECT_EQ(all[i], all[i - 1] + 1);
  }
  std::filesystem::path file = state / "events.jsonl";
};

TEST(EventLine, HasEveryFieldAndOnlyWhatIsKnownOfTheExit) {
  Ledger::Event it{1'700'000'000, id_of("node-1"), 3, "died", "say \"x\"\n\x01\xff ü", {}};
  it.exit = core::Exit{core::ExitCause::kExit, 7, 0, 0};
  EXPECT_EQ(event_line(12, it),
            "{\"seq\":12,\"at\":1700000000,\"time\":\"2023-11-14T22:13:20Z\",\"node_id\":\"node-1\","
            "\"generation\":3,"
            "\"what\":\"died\",\"cause\":\"say \\\"x\\\"\\n\\u0001\\\\xff "
            "ü\",\"exit\":{\"cause\":\"exit\",\"code\":7}}\n");
  it.exit = core::Exit{core::ExitCause::kSignal, 0, 9, 0};
  EXPECT_THAT(event_line(1, it), HasSubstr("\"exit\":{\"cause\":\"signal\",\"signal\":9}}"));
  it.exit = core::Exit{core::ExitCause::kOom, 0, 9, 0};
  EXPECT_THAT(event_line(1, it), HasSubstr("\"exit\":{\"cause\":\"oom\",\"signal\":9}}"));
  it.exit = core::Exit{};
  EXPECT_THAT(event_line(1, it), HasSubstr("\"exit\":{\"cause\":\"unknown\"}}"));
}

TEST(EventLine, IsReadBack) {
  std::string line =
      event_line(12, {1, id_of("node-1"), 3, "died", "{\"seq\":9,\"node_id\":\"liar\"}", core::Exit{}});
  line.pop_back();
  const auto key = event_key(line);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->seq, 12U);
  EXPECT_EQ(key->node_id, "node-1");
  EXPECT_EQ(key->generation, 3U);
  EXPECT_EQ(key->what, "died");
  for (std::size_t size = 0; size < line.size(); ++size) {
    const std::string_view cut = std::string_view(line).substr(0, size);
    if (!cut.ends_with('}')) {
      EXPECT_FALSE(event_key(cut)) << size;
    }
  }
}

TEST(EventLine, CutsALongCauseBetweenCharacters) {
  std::string cause(kCauseMaxBytes - 1, 'x');
  cause += "üüü";
  const std::string line = event_line(1, {1, id_of("n"), 1, "x", cause, {}});
  EXPECT_THAT(line, ::testing::EndsWith("xxx\"}\n"));
  EXPECT_LT(line.size(), kCauseMaxBytes + 200);
}

TEST_F(EventFile, NumbersGoOnAcrossRestarts) {
  for (int start = 0; start < 3; ++start) {
    EventLog log(state);
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(log.append(event("x")));
  }
  EXPECT_THAT(numbers(), SizeIs(15));
  expect_no_gap(15);
}

TEST_F(EventFile, ATornLastLineIsDroppedAndItsNumberUsedAgain) {
  ASSERT_TRUE(EventLog(state).append(event("x")));
  const std::string whole = event_line(2, event("y"));
  for (std::size_t size = 1; size < whole.size(); ++size) {
    const std::string first = lines(file).at(0) + "\n";
    supervisor::testing::put(file, first + whole.substr(0, size));
    ASSERT_TRUE(EventLog(state).append(event("z")));
    ASSERT_THAT(lines(file), SizeIs(2)) << size;
    expect_no_gap(2);
  }
}

TEST_F(EventFile, AFileWithOnlyATornLineIsEmptied) {
  supervisor::testing::put(file, "{\"seq\":77");
  ASSERT_TRUE(EventLog(state).append(event("x")));
  EXPECT_EQ(numbers(), std::vector<std::uint64_t>{1});
}

TEST_F(EventFile, GarbageBetweenLinesIsNotCounted) {
  ASSERT_TRUE(EventLog(state).append(event("x")));
  std::ofstream(file, std::ios::app) << std::string(200'000, '\0') << "\nnot json\n{\"seq\":99}\n";
  ASSERT_TRUE(EventLog(state).append(event("y")));
  EXPECT_THAT(content(file), ::testing::EndsWith(event_line(2, event("y"))));
}

TEST_F(EventFile, IsRotatedAndBoundedWithoutAGap) {
  constexpr off_t kMax = 4096;
  for (std::size_t i = 1; i <= 300; ++i) {
    if (i % 7 == 0) {
      ASSERT_TRUE(EventLog(state, kMax).append(event("x")));  // a fresh start may meet any size
    } else {
      EventLog log(state, kMax);
      ASSERT_TRUE(log.append(event("x")));
    }
  }
  EXPECT_LE(std::filesystem::file_size(file), 4096U);
  EXPECT_LE(std::filesystem::file_size(state / "events.jsonl.1"), 4096U);
  EXPECT_THAT(supervisor::testing::names(state), SizeIs(2));
  expect_no_gap(300);
}

TEST_F(EventFile, IsRotatedWhileOpen) {
  EventLog log(state, 4096);
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(log.append(event("x")));
  expect_no_gap(300);
}

TEST_F(EventFile, NumbersGoOnAfterACrashWithinTheRotation) {
  ASSERT_TRUE(EventLog(state).append(event("x")));
  std::filesystem::rename(file, state / "events.jsonl.1");
  ASSERT_TRUE(EventLog(state).append(event("x")));
  expect_no_gap(2);
}

TEST_F(EventFile, ADeathIsRecordedOnceAlsoAcrossRestarts) {
  {
    EventLog log(state);
    ASSERT_TRUE(log.append(event("started", "n", 4)));
    ASSERT_TRUE(log.append(died("n", 4)));
    ASSERT_TRUE(log.append(died("n", 4)));
    ASSERT_TRUE(log.append(died("other", 4)));
  }
  EventLog log(state);
  ASSERT_TRUE(log.append(died("n", 4)));
  EXPECT_THAT(lines(file), SizeIs(3));
  ASSERT_TRUE(log.append(died("n", 5)));
  EXPECT_THAT(lines(file), SizeIs(4));
  expect_no_gap(4);
}

TEST_F(EventFile, ADeathIsRecordedOnceAlsoAcrossTheRotation) {
  ASSERT_TRUE(EventLog(state).append(died("n", 4)));
  std::filesystem::rename(file, state / "events.jsonl.1");
  ASSERT_TRUE(EventLog(state).append(died("n", 4)));
  EXPECT_EQ(numbers().size(), 1U);
}

TEST_F(EventFile, ADeathAfterGenerationsBeganAgainIsRecorded) {
  {
    EventLog log(state);
    ASSERT_TRUE(log.append(event("started", "n", 1)));
    ASSERT_TRUE(log.append(died("n", 1)));
  }
  {
    EventLog log(state);  // a reboot cleared the facts
    ASSERT_TRUE(log.append(event("started", "n", 1)));
    ASSERT_TRUE(log.append(died("n", 1)));
  }
  EventLog log(state);  // stopped and started anew under its old name
  ASSERT_TRUE(log.append(event("stopped", "n", 1)));
  ASSERT_TRUE(log.append(event("started", "n", 1)));
  ASSERT_TRUE(log.append(died("n", 1)));
  EXPECT_THAT(lines(file), SizeIs(7));
}

TEST_F(EventFile, TheDeathOfAStoppedNodeThatCouldNotBeForgottenIsNotRepeated) {
  EventLog log(state);
  ASSERT_TRUE(log.append(died("n", 1)));
  ASSERT_TRUE(log.append(event("stopped", "n", 1)));
  ASSERT_TRUE(log.append(died("n", 1))) << "its facts are still there, and a later supervisor read them";
  EXPECT_THAT(lines(file), SizeIs(2));
}

TEST_F(EventFile, OldFactsDoNotRepeatADeathAfterALaterStart) {
  for (int run = 0; run < 2; ++run) {
    EventLog log(state);  // the second one found the facts of generation 1: later ones could not be written
    ASSERT_TRUE(log.append(died("n", 1)));
    ASSERT_TRUE(log.append(event("started", "n", 2)));
  }
  EXPECT_THAT(lines(file), SizeIs(3)) << "one death, two starts";
}

TEST_F(EventFile, AStartThatCouldNotBeWrittenStillAllowsTheNextDeath) {
  EventLog log(state);
  ASSERT_TRUE(log.append(died("n", 1)));
  fail_at(Call::kWrite, 1, ENOSPC);
  EXPECT_FALSE(log.append(event("started", "n", 1)));
  no_faults();
  ASSERT_TRUE(log.append(died("n", 1)));
  EXPECT_THAT(lines(file), SizeIs(2));
}

TEST_F(EventFile, AFailedAppendSkipsNoNumber) {
  EventLog log(state);
  ASSERT_TRUE(log.append(event("x")));
  fail_at(Call::kWrite, 1, EIO);
  const auto failed = log.append(died("n", 1));
  no_faults();
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message(), HasSubstr("append to " + file.string() + ": Input/output error"));
  ASSERT_TRUE(log.append(died("n", 1))) << "it was not recorded, so it is no repeat";
  EXPECT_EQ(numbers(), (std::vector<std::uint64_t>{1, 2}));
}

TEST_F(EventFile, WithoutDescriptorsAnAppendFailsAndTheNextOneSucceeds) {
  ASSERT_TRUE(EventLog(state).append(died("n", 1)));
  const int status = test::in_child([&] {
    rlimit limit{};
    EventLog log(state);
    ::getrlimit(RLIMIT_NOFILE, &limit);
    const rlimit none{3, limit.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
    const auto failed = log.append(died("n", 1));
    if (failed || failed.error().message().find("LimitNOFILE") == std::string::npos) return 1;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    return log.append(died("n", 1)) && log.append(event("x")) ? 0 : 2;
  });
  EXPECT_EQ(status, 0);
  EXPECT_EQ(numbers(), (std::vector<std::uint64_t>{1, 2}));
}

TEST_F(EventFile, AHalfWrittenLineIsRemoved) {
  EventLog log(state);
  ASSERT_TRUE(log.append(event("x")));
  fail_at(Call::kWrite, 1, 0);
  EXPECT_THAT(log.append(event("y")).error().message(), HasSubstr("No space left"));
  no_faults();
  EXPECT_THAT(content(file), ::testing::EndsWith("}\n"));
  ASSERT_TRUE(log.append(event("z")));
  EXPECT_EQ(numbers(), (std::vector<std::uint64_t>{1, 2}));
}

TEST_F(EventFile, ATornLineThatCannotBeRemovedIsEndedByANewline) {
  supervisor::testing::put(file, event_line(1, event("x")) + "{\"seq\":2");
  fail_at(Call::kFtruncate, 1, EPERM);
  ASSERT_TRUE(EventLog(state).append(event("y")));
  no_faults();
  EXPECT_THAT(lines(file),
              ::testing::ElementsAre(HasSubstr("\"seq\":1,"), "{\"seq\":2", HasSubstr("\"seq\":2,")));
}

TEST_F(EventFile, AFileMovedOrRemovedWhileOpenIsRecreatedAndTheNumbersContinue) {
  EventLog log(state);
  ASSERT_TRUE(log.append(event("x")));
  std::filesystem::rename(file, state / "mine");
  ASSERT_TRUE(log.append(event("x")));
  EXPECT_EQ(numbers(), std::vector<std::uint64_t>{2});
  std::filesystem::remove_all(state);
  ASSERT_TRUE(log.append(event("x")));
  EXPECT_EQ(numbers(), std::vector<std::uint64_t>{3});
}

TEST_F(EventFile, SomethingElseThanAFileIsNamedAndDoesNotBlock) {
  std::filesystem::create_directory(file);
  EventLog log(state);
  EXPECT_FALSE(log.append(event("x")));
  std::filesystem::remove(file);
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  EXPECT_THAT(log.append(event("x")).error().message(), HasSubstr("it is not a regular file; move it away"));
  std::filesystem::remove(file);
  EXPECT_TRUE(log.append(event("x")));
  EXPECT_EQ(numbers(), std::vector<std::uint64_t>{1});
}

TEST_F(EventFile, ACrashAtAnyPointLeavesNoGapAndNoTornLine) {
  for (int at = 1; at <= 12; ++at) {
    const int status = test::in_child([&] {
      EventLog log(state, 400);
      supervisor::testing::crash_at(at);
      for (int i = 0; i < 3; ++i) {
        if (!log.append(event("x"))) return 1;
      }
      return 0;
    });
    EXPECT_TRUE(status == 0 || status == supervisor::testing::kCrashed);
    EventLog log(state, 400);
    ASSERT_TRUE(log.append(event("y")));
    expect_no_gap(numbers().back());
  }
}

}  // namespace
}  // namespace sutra::supervisor::ledger
