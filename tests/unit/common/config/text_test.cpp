#include <gmock/gmock.h>

#include "common/config/text.h"
#include "tests/unit/common/config/draft.h"

namespace sutra {
namespace {

using ::testing::AllOf;
using testing::ConfigDraft;
using testing::desk_context;
using testing::faults_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

LoadedConfig load(std::string_view text) { return parse_config(text, desk_context()); }

TEST(ConfigText, EmptyIsOneFaultNotSix) {
  for (const std::string_view text : {"", "\n\n", " \t\r\n"}) {
    const auto loaded = load(text);
    ASSERT_THAT(loaded.faults, SizeIs(1));
    EXPECT_THAT(loaded.faults[0].text, HasSubstr("the file is empty"));
  }
}

TEST(ConfigText, BinaryIsNamedWithItsLine) {
  const auto loaded = load(std::string_view("[agent]\nagent_id = \"a\0b\"\n", 24));
  ASSERT_THAT(loaded.faults, SizeIs(1));
  EXPECT_EQ(loaded.faults[0].line, 2U);
  EXPECT_THAT(loaded.faults[0].text, HasSubstr("binary"));
}

TEST(ConfigText, NotUtf8IsNamedWithItsLine) {
  for (const std::string_view bad : {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"}) {
    const auto loaded = load(ConfigDraft().text() + "# " + std::string(bad) + "\n");
    ASSERT_THAT(loaded.faults, SizeIs(1));
    EXPECT_EQ(loaded.faults[0].line, 9U);
    EXPECT_THAT(loaded.faults[0].text, HasSubstr("not UTF-8"));
  }
}

TEST(ConfigText, ByteOrderMarkIsAccepted) {
  EXPECT_EQ(load("\xEF\xBB\xBF" + ConfigDraft().text()).report("f"), "");
}

TEST(ConfigText, CarriageReturnsAreAccepted) {
  std::string text;
  for (const char c : ConfigDraft().text()) text += c == '\n' ? "\r\n" : std::string(1, c);
  const auto loaded = load(text);
  EXPECT_EQ(loaded.report("f"), "");
  EXPECT_EQ(loaded.config.agent.agent_id, "agent-001");
}

TEST(ConfigText, AnOverlongLineIsRefusedBeforeItIsParsed) {
  std::string deep = "a";
  for (int i = 0; i < 100000; ++i) deep += ".a";
  const auto loaded = load(ConfigDraft().text() + deep + " = 1\n");
  ASSERT_THAT(loaded.faults, SizeIs(1));
  EXPECT_THAT(loaded.faults[0].text, HasSubstr("at most 8192"));
}

TEST(ConfigText, AKeyGivenTwiceNamesBothLines) {
  const auto loaded = load(ConfigDraft().set("agent", "agent_port", "8000\nagent_port = 8001").text());
  ASSERT_THAT(loaded.faults, SizeIs(1));
  EXPECT_EQ(loaded.faults[0].key, "agent.agent_port");
  EXPECT_EQ(loaded.faults[0].line, 7U);
  EXPECT_THAT(loaded.faults[0].text, HasSubstr("given twice, first on line 6"));
}

TEST(ConfigText, ATableGivenTwiceNamesBothLines) {
  const auto loaded = load(ConfigDraft().text() + "[agent]\nagent_port = 1\n");
  ASSERT_THAT(loaded.faults, SizeIs(1));
  EXPECT_EQ(loaded.faults[0].key, "agent");
  EXPECT_EQ(loaded.faults[0].line, 9U);
  EXPECT_THAT(loaded.faults[0].text, HasSubstr("given twice, first on line 1"));
}

TEST(ConfigText, ABrokenLineDoesNotHideTheOtherFaults) {
  ConfigDraft draft;
  draft.set("agent", "master_host", "localhost:7000")
      .set("agent", "agent_port", "0")
      .set("storage", "confin", "1");
  draft.set("storage", "max_log_mb", "99999999999999999999");
  const auto loaded = draft.load();
  EXPECT_THAT(loaded.faults, SizeIs(4)) << loaded.report("f");
  const auto host = faults_of(loaded, "agent.master_host");
  ASSERT_THAT(host, SizeIs(1)) << "broken, so neither missing nor anything else";
  EXPECT_THAT(host[0].text, AllOf(HasSubstr("not valid TOML"), HasSubstr("quotes")));
  EXPECT_EQ(host[0].line, draft.line_of("agent", "master_host"));
  EXPECT_THAT(faults_of(loaded, "agent.agent_port"), SizeIs(1));
  EXPECT_THAT(faults_of(loaded, "storage.confin"), SizeIs(1));
  EXPECT_THAT(faults_of(loaded, "storage.max_log_mb"), SizeIs(1));
}

TEST(ConfigText, ABrokenHeadingIsTheOnlyFaultBecauseEverythingBelowItIsMisplaced) {
  const auto loaded = load("[agent\nagent_id = \"a\"\nnonsense = 1\n");
  ASSERT_THAT(loaded.faults, SizeIs(1));
  EXPECT_EQ(loaded.faults[0].line, 1U);
  EXPECT_THAT(loaded.faults[0].text, HasSubstr("rest of the file was not checked"));
}

TEST(ConfigText, AnArrayLeftOpenIsReportedOnce) {
  const auto loaded = load(ConfigDraft().set("storage", "args", "[\"a\",\n\"b\"").text());
  ASSERT_THAT(loaded.faults, SizeIs(1));
  EXPECT_THAT(loaded.faults[0].text, HasSubstr("not valid TOML"));
}

TEST(ConfigText, MalformedHeadingsAreFaultsAndNeverAborts) {
  for (const auto* heading : {"[[[a]]]", "[]", "[[]]", "[a.]", "[.a]", "[a]]", "[[a]", "[\"a]", "[a] b"}) {
    EXPECT_FALSE(load(ConfigDraft().text() + heading + "\n").ok()) << heading;
  }
}

TEST(ConfigText, ALineOfMarkupNamesItsLine) {
  const auto loaded = load(ConfigDraft().text() + "<<<<<<< HEAD\n");
  ASSERT_THAT(loaded.faults, SizeIs(1));
  EXPECT_EQ(loaded.faults[0].line, 9U);
}

TEST(ConfigText, DirectoriesAreFoundInABrokenFile) {
  const auto loaded = load("[agent]\nstate_dir = \"/srv/s\"\nruntime_dir = \"r\"\n[storage\nx\n");
  EXPECT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.config.agent.state_dir, "/srv/s");
  EXPECT_EQ(loaded.config.agent.runtime_dir, "/home/op/r");
}

TEST(ConfigText, DirectoriesHaveTheirDefaultsWhenTheFileIsNoTextAtAll) {
  const auto loaded = load("");
  EXPECT_EQ(loaded.config.agent.state_dir, "/home/op/state");
  EXPECT_EQ(loaded.config.agent.runtime_dir, "/home/op/run");
}

TEST(ConfigText, LinesKnowTheirTableAndKey) {
  const auto lines =
      config::text_lines("top = 1\n[ a . b ]\n# x = 1\n\"key\" = 2\n  plain=3\n[[list]]\nnothing");
  ASSERT_THAT(lines, SizeIs(7));
  EXPECT_EQ(lines[0].name, "top");
  EXPECT_TRUE(lines[1].is_table);
  EXPECT_EQ(lines[1].name, "a.b");
  EXPECT_THAT(lines[2].name, IsEmpty());
  EXPECT_EQ(lines[3].name, "a.b.key");
  EXPECT_EQ(lines[4].name, "a.b.plain");
  EXPECT_EQ(lines[5].name, "list");
  EXPECT_THAT(lines[6].name, IsEmpty());
}

}  // namespace
}  // namespace sutra
