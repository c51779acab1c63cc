#include "supervisor/ledger/record.h"

#include <gmock/gmock.h>

#include "supervisor/ledger/checksum.h"
#include "tests/unit/supervisor/ledger/sandbox.h"

namespace sutra::supervisor::ledger {
namespace {

using supervisor::testing::awkward_intent;
using supervisor::testing::some_facts;
using supervisor::testing::some_intent;
using ::testing::HasSubstr;

TEST(Record, AnIntentComesBackAsItWas) {
  const core::Intent intent = awkward_intent("node-1", 0xffff'ffff'ffff'ffffU);
  const auto back = decode_intent(encode(intent));
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(back.value(), intent);
}

TEST(Record, FactsComeBackAsTheyWere) {
  const Facts facts = some_facts();
  const auto back = decode_facts(encode(facts));
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(back.value(), facts);
  Facts plain;
  plain.intent = some_intent();
  EXPECT_EQ(decode_facts(encode(plain)).value(), plain);
}

TEST(Record, EveryNameOfAStateGoalAndCauseComesBack) {
  Facts facts = some_facts();
  for (int state = 0; state <= static_cast<int>(core::State::kOccupied); ++state) {
    facts.state = static_cast<core::State>(state);
    EXPECT_EQ(decode_facts(encode(facts)).value().state, facts.state);
  }
  for (int cause = static_cast<int>(core::ExitCause::kExit);
       cause <= static_cast<int>(core::ExitCause::kUnknown); ++cause) {
    facts.last_exit->cause = static_cast<core::ExitCause>(cause);
    EXPECT_EQ(decode_facts(encode(facts)).value().last_exit, facts.last_exit);
  }
  facts.intent.goal = core::Goal::kStopped;
  EXPECT_EQ(decode_facts(encode(facts)).value().intent.goal, core::Goal::kStopped);
}

TEST(Record, AParkedGoalIsRunningOnDisk) {
  core::Intent intent = some_intent();
  intent.goal = core::Goal::kParked;
  EXPECT_EQ(decode_intent(encode(intent)).value().goal, core::Goal::kRunning);
}

TEST(Record, EveryByteValueOfAPathSurvivesThatUtf8Allows) {
  for (int byte = 0; byte < 0x80; ++byte) {
    core::Intent intent = some_intent();
    intent.request.storage_path = std::string("x") + static_cast<char>(byte) + "y";
    const auto back = decode_intent(encode(intent));
    ASSERT_TRUE(back) << byte << ": " << back.error().message();
    EXPECT_EQ(back.value().request, intent.request) << byte;
  }
}

TEST(Record, NumbersAtTheEdgeOfATomlIntegerComeBack) {
  for (const std::uint64_t value : {std::uint64_t{1}, (std::uint64_t{1} << 63U) - 1, std::uint64_t{1} << 63U,
                                    (std::uint64_t{1} << 63U) + 1, ~std::uint64_t{0}}) {
    core::Intent intent = some_intent();
    intent.request.memory_mb = value;
    EXPECT_EQ(decode_intent(encode(intent)).value().request.memory_mb, value);
  }
}

TEST(Record, UnknownKeysAreIgnored) {
  std::string text = encode(some_intent());
  text = std::string(*without_checksum(text)) + "later = 1\n";
  add_checksum(text);
  EXPECT_TRUE(decode_intent(text));
}

std::string changed(const std::string& from, const std::string& to) {
  std::string text = encode(some_facts(some_intent()));
  text = std::string(*without_checksum(text));
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
  add_checksum(text);
  return text;
}

struct Wrong {
  const char* from;
  const char* to;
  const char* says;
};

TEST(Record, TheFaultNamesTheKeyAndTheImpossibleValue) {
  const Wrong all[] = {
      {"port = 0", "port = 4294967296", "request.port is 4294967296, outside 0 to 4294967295"},
      {"port = 50051", "port = 65536", "placement.port is 65536, outside 0 to 65535"},
      {"port = 50051", "port = -1", "placement.port is -1"},
      {"port = 50051", "port = 0", "placement.port is 0"},
      {"port = 50051", "port = 50051.0", "placement.port is not a number"},
      {"port = 50051\n", "", "placement.port is missing"},
      {"memory_mb = 2048", "memory_mb = \"12\"", "placement.memory_mb is not a number"},
      {"memory_mb = 2048", "memory_mb = \"18446744073709551616\"", "placement.memory_mb is not a number"},
      {"memory_mb = 2048", "memory_mb = 0", "placement.memory_mb is 0"},
      {"\"/data\"", "\"/other\"", "is not beneath placement.root \"/other\""},
      {"\"/data/node-1\"", "\"/data\"", "is not beneath"},
      {"\"/data/node-1\"", "\"/data/../etc\"", "is not in its normal form"},
      {"\"/data/node-1\"", "\"data\"", "is not absolute"},
      {"\"/data/node-1\"", "\"/data/a\\u0000b\"", "contains a control character"},
      {"goal = \"running\"", "goal = \"parked\"", "goal is \"parked\""},
      {"confirmed = false", "confirmed = 0", "confirmed is not true or false"},
      {"node_id = \"node-1\"", "node_id = \"../x\"", "starts with '.'"},
      {"version = 1", "version = 0", "version is 0"},
      {"version = 1", "version = 2", "of version 2 and this agent knows version 1"},
      {"pid = 4194304", "pid = 4194305", "process.pid is 4194305"},
      {"pid = 4194304", "pid = -1", "process.pid is -1"},
      {"state = \"backoff\"", "state = \"odd\"", "process.state is \"odd\""},
      {"cause = \"signal\"", "cause = \"none\"", "last_exit.cause is \"none\""},
      {"signal = 9", "signal = 128", "last_exit.signal is 128"},
      {"in_a_row = 2", "in_a_row = 4294967296", "history.in_a_row is 4294967296"},
      {"failures_ns = [", "failures_ns = [true,", "history.failures_ns is not a list"},
      {"[history]\n", "[historia]\n", "history is missing"},
      {"[request]", "[request", "line 7"},
  };
  for (const Wrong& wrong : all) {
    const auto facts = decode_facts(changed(wrong.from, wrong.to));
    ASSERT_FALSE(facts) << wrong.to;
    EXPECT_THAT(facts.error().cause, HasSubstr(wrong.says));
  }
}

TEST(Record, AnIntentIsRefusedAsFacts) {
  const auto facts = decode_facts(encode(some_intent()));
  ASSERT_FALSE(facts);
  EXPECT_EQ(facts.error().cause, "process is missing");
}

TEST(Record, HeadersThatTheTomlParserAssertsOnAreFaults) {
  for (const char* header : {"[[=", "[[[a]]]\n", "[[[1]]]\n", "[[[]]\n", "[=\n"}) {
    std::string text = header;
    add_checksum(text);
    EXPECT_FALSE(decode_intent(text)) << header;
  }
}

TEST(Record, DeepNestingIsAFaultAndDoesNotCrash) {
  std::string text = "x = " + std::string(100'000, '[') + "\n";
  add_checksum(text);
  EXPECT_FALSE(decode_intent(text));
}

TEST(Checksum, OfAnyOtherTextDoesNotMatch) {
  std::string text = "hello\n";
  add_checksum(text);
  EXPECT_EQ(text, "hello\n# crc32 363a3020\n");  // as `printf 'hello\n' | gzip` has it
  EXPECT_EQ(without_checksum(text), "hello\n");
  EXPECT_FALSE(without_checksum(text + "\n"));
  EXPECT_FALSE(without_checksum("# crc32 00000000\n"));
  EXPECT_FALSE(without_checksum(""));
}

}  // namespace
}  // namespace sutra::supervisor::ledger
