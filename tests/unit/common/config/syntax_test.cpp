#include <gmock/gmock.h>

#include "tests/unit/common/config/draft.h"

namespace sutra {
namespace {

using ::testing::AllOf;
using testing::ConfigDraft;
using testing::desk_context;
using ::testing::HasSubstr;
using ::testing::SizeIs;

LoadedConfig load(std::string_view text) { return parse_config(text, desk_context()); }

TEST(ConfigSyntax, AnEmptyFileIsOneFault) {
  for (const std::string_view text : {"", "\n\n", " \t\r\n"}) {
    const auto loaded = load(text);
    ASSERT_THAT(loaded.faults, SizeIs(1));
    EXPECT_THAT(loaded.faults[0].text, HasSubstr("the file is empty"));
  }
}

TEST(ConfigSyntax, ABinaryFileIsReportedWithItsLine) {
  const auto loaded = load(std::string_view("[agent]\nagent_id = \"a\0b\"\n", 24));
  ASSERT_THAT(loaded.faults, SizeIs(1));
  EXPECT_EQ(loaded.faults[0].line, 2U);
  EXPECT_THAT(loaded.faults[0].text, HasSubstr("binary"));
}

TEST(ConfigSyntax, AFileThatIsNotUtf8IsReportedWithItsLine) {
  for (const std::string_view bad : {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"}) {
    const auto loaded = load(ConfigDraft().text() + "# " + std::string(bad) + "\n");
    ASSERT_THAT(loaded.faults, SizeIs(1));
    EXPECT_EQ(loaded.faults[0].line, 9U);
    EXPECT_THAT(loaded.faults[0].text, HasSubstr("not UTF-8"));
  }
}

TEST(ConfigSyntax, ByteOrderMarkIsAccepted) {
  EXPECT_EQ(load("\xEF\xBB\xBF" + ConfigDraft().text()).report("f"), "");
}

TEST(ConfigSyntax, CarriageReturnsAreAccepted) {
  std::string text;
  for (const char c : ConfigDraft().text()) text += c == '\n' ? "\r\n" : std::string(1, c);
  const auto loaded = load(text);
  EXPECT_EQ(loaded.report("f"), "");
  EXPECT_EQ(loaded.config.agent.agent_id, "agent-001");
}

/// A dotted key of `parts` parts.
std::string dotted(int parts) {
  std::string key = "a";
  for (int i = 1; i < parts; ++i) key += ".a";
  return key;
}

TEST(ConfigSyntax, TooDeepNestingIsRefusedBeforeParsing) {
  std::string arrays_of_tables = "x = [\n";
  for (int i = 0; i < 100; ++i) arrays_of_tables += "{" + dotted(4000) + " = [\n";
  std::string lines;
  for (int i = 0; i < 100000; ++i) lines += "a.b" + std::to_string(i) + " = 1\n";
  for (const std::string& text :
       {dotted(100000) + " = 1\n", "[" + dotted(100000) + "]\n", arrays_of_tables,
        "x = " + std::string(100000, '['), lines, "x = " + std::string(100000, '{')}) {
    const auto loaded = load(ConfigDraft().text() + text);
    ASSERT_THAT(loaded.faults, SizeIs(1));
    EXPECT_THAT(loaded.faults[0].text, HasSubstr("more than 4096 dots and opening brackets"));
  }
}

TEST(ConfigSyntax, NestingJustBelowTheLimitIsParsed) {
  const std::string heading = "[" + dotted(1000) + "]\n";
  std::string nested = "x = ";
  for (int i = 0; i < 100; ++i) nested += "[{" + dotted(20) + " = ";
  for (const std::string& text :
       {dotted(4000) + " = 1\n", "[" + dotted(4000) + "]\n", nested + "\n",
        "x = " + std::string(4000, '[') + "\n", heading + dotted(3000) + " = 1\n"}) {
    EXPECT_FALSE(load(ConfigDraft().text() + text).ok());
  }
}

TEST(ConfigSyntax, AnyChangedByteOfAValidFileIsParsedWithoutACrash) {
  const std::string good = ConfigDraft()
                               .set("storage", "args", R"(["a", 'b', """c""", '''d'''])")
                               .set("storage", "env", R"({ A = "x\u0001", B = "{port}" })")
                               .set("metrics", "listen", "1979-05-27T07:32:00Z")
                               .text();
  constexpr std::string_view kBytes("\0\n\r\"'[]{}.,=#\\\x80", 15);
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const char byte : kBytes) {
      std::string changed = good;
      changed[at] = byte;
      (void)load(changed).report("f");
    }
    (void)load(good.substr(0, at)).report("f");
    (void)load(good.substr(at)).report("f");
  }
}

TEST(ConfigSyntax, AKeyGivenTwiceNamesBothLines) {
  const auto loaded = load(ConfigDraft().set("agent", "agent_port", "8000\nagent_port = 8001").text());
  ASSERT_THAT(loaded.faults, SizeIs(1));
  EXPECT_EQ(loaded.faults[0].key, "agent.agent_port");
  EXPECT_EQ(loaded.faults[0].line, 7U);
  EXPECT_THAT(loaded.faults[0].text, HasSubstr("given twice, first on line 6"));
}

TEST(ConfigSyntax, ATableGivenTwiceNamesBothLines) {
  const auto loaded = load(ConfigDraft().text() + "[agent]\nagent_port = 1\n");
  ASSERT_THAT(loaded.faults, SizeIs(1));
  EXPECT_EQ(loaded.faults[0].key, "agent");
  EXPECT_EQ(loaded.faults[0].line, 9U);
  EXPECT_THAT(loaded.faults[0].text, HasSubstr("given twice, first on line 1"));
}

TEST(ConfigSyntax, ASyntaxErrorIsReportedAloneWithLineAndColumn) {
  ConfigDraft draft;
  draft.set("agent", "master_host", "localhost:7000").set("agent", "agent_port", "0");
  const auto loaded = draft.load();
  ASSERT_THAT(loaded.faults, SizeIs(1)) << loaded.report("f");
  const ConfigFault& fault = loaded.faults[0];
  EXPECT_EQ(fault.key, "agent.master_host");
  EXPECT_EQ(fault.line, draft.line_of("agent", "master_host"));
  EXPECT_EQ(fault.column, std::string_view("master_host = l").size());
  EXPECT_THAT(fault.text, AllOf(HasSubstr("not valid TOML"), HasSubstr("quotes"),
                                HasSubstr("rest of the file was not checked")));
  EXPECT_THAT(loaded.report("f"), ::testing::StartsWith("f:5:15: agent.master_host: is not valid TOML: "));
}

TEST(ConfigSyntax, ABrokenHeadingIsReported) {
  const auto loaded = load("[agent\nagent_id = \"a\"\nnonsense = 1\n");
  ASSERT_THAT(loaded.faults, SizeIs(1));
  EXPECT_EQ(loaded.faults[0].line, 1U);
  EXPECT_EQ(loaded.faults[0].key, "agent");
}

TEST(ConfigSyntax, AnArrayLeftOpenIsReportedOnce) {
  const auto loaded = load(ConfigDraft().set("storage", "args", "[\"a\",\n\"b\"").text());
  ASSERT_THAT(loaded.faults, SizeIs(1));
  EXPECT_THAT(loaded.faults[0].text, HasSubstr("not valid TOML"));
}

TEST(ConfigSyntax, MalformedHeadingsAreFaultsAndDoNotAbort) {
  for (const auto* heading : {"[[[a]]]", "[]", "[[]]", "[a.]", "[.a]", "[a]]", "[[a]", "[\"a]", "[a] b"}) {
    EXPECT_FALSE(load(ConfigDraft().text() + heading + "\n").ok()) << heading;
  }
}

TEST(ConfigSyntax, MarkupIsReportedWithItsLine) {
  const auto loaded = load(ConfigDraft().text() + "<<<<<<< HEAD\n");
  ASSERT_THAT(loaded.faults, SizeIs(1));
  EXPECT_EQ(loaded.faults[0].line, 9U);
}

TEST(ConfigSyntax, DirectoriesAreFoundInABrokenFile) {
  for (const std::string text :
       {"[agent]\nstate_dir = \"/srv/s\"\nruntime_dir = \"r\"\n[storage\nx\n",
        "\xEF\xBB\xBF[agent\nstate_dir = \"/srv/s\" # here\r\nruntime_dir = 'r'\n",
        "agent.state_dir = \"/srv/s\"\nagent.runtime_dir = \"r\"\n= 1\n",
        "[ agent ]\n  state_dir=\"/srv/s\"\n#runtime_dir = \"no\"\n\"runtime_dir\" = \"r\"\n# \xff\n",
        "x =\n[agent]\nstate_dir = \"/srv/s\"\nruntime_dir = \"r\"\nruntime_dir = 7\nstate_dir = "
        "\"\xff\"\n"}) {
    const auto loaded = load(text);
    EXPECT_THAT(loaded.faults, SizeIs(1)) << text << loaded.report("f");
    EXPECT_EQ(loaded.config.agent.state_dir, "/srv/s") << text;
    EXPECT_EQ(loaded.config.agent.runtime_dir, "/home/op/r") << text;
  }
}

TEST(ConfigSyntax, DirectoriesHaveTheirDefaultsWhenABrokenFileDoesNotSetThem) {
  for (const std::string text : {"", "[storage]\nstate_dir = \"/srv/s\"\n[agent\n"}) {
    const auto loaded = load(text);
    EXPECT_FALSE(loaded.ok());
    EXPECT_EQ(loaded.config.agent.state_dir, "/home/op/state");
    EXPECT_EQ(loaded.config.agent.runtime_dir, "/home/op/run");
  }
}

}  // namespace
}  // namespace sutra
