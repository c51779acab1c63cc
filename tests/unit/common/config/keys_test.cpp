// Tests of rules that hold for every key, run for each key of the table.
#include "common/config/keys.h"

#include <gmock/gmock.h>

#include <cstdio>
#include <sstream>

#include "tests/unit/common/config/draft.h"

namespace sutra::config {
namespace {

using sutra::testing::ConfigDraft;
using sutra::testing::faults_of;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class EveryKey : public ::testing::TestWithParam<const Key*> {
 protected:
  const Key& key_ = *GetParam();
  const std::string& allowed_ = key_.kind.allowed;

  /// A path that the agent opens. Placeholders are only compared with what a request holds.
  [[nodiscard]] bool is_path() const {
    return takes("path") && key_.name != "storage.placeholder_storage_paths";
  }
  [[nodiscard]] bool takes(std::string_view type) const { return allowed_.find(type) != std::string::npos; }
  [[nodiscard]] bool takes_text() const { return allowed_.starts_with("a string") || takes("one of"); }

  /// Exactly one fault, of this key and on its line, that names what was found and what is allowed.
  void expect_fault(std::string_view toml, std::string_view found) {
    ConfigDraft draft;
    draft.set(key_.table(), key_.leaf(), toml);
    const auto loaded = draft.load();
    const auto faults = faults_of(loaded, key_.name);
    ASSERT_THAT(faults, SizeIs(1)) << key_.name << " = " << toml << "\n" << loaded.report("f");
    EXPECT_EQ(faults[0].line, draft.line_of(key_.table(), key_.leaf()));
    EXPECT_THAT(faults[0].text, HasSubstr(std::string(found)));
    EXPECT_THAT(faults[0].text, HasSubstr("allowed is " + allowed_));
  }

  /// A draft in which the key, or its only element, is this path.
  [[nodiscard]] LoadedConfig load_path(const std::string& path, const ConfigContext& context) const {
    const std::string text = "\"" + path + "\"";
    return ConfigDraft()
        .set(key_.table(), key_.leaf(), takes("array") ? "[" + text + "]" : text)
        .load(context);
  }

  /// The bounds that messages name; nothing for a key that takes no integer.
  [[nodiscard]] std::optional<std::pair<std::int64_t, std::int64_t>> bounds() const {
    long min = 0;
    long max = 0;
    if (std::sscanf(allowed_.c_str(), "an integer from %ld to %ld", &min, &max) != 2) return std::nullopt;
    return std::pair<std::int64_t, std::int64_t>{min, max};
  }
};

TEST_P(EveryKey, RefusesEveryOtherType) {
  if (!takes("integer")) expect_fault("5", "found integer 5");
  if (!takes("true or false")) expect_fault("true", "found true");
  if (!takes_text()) expect_fault("\"x\"", "found string \"x\"");
  if (!takes("array")) expect_fault("[1]", "found an array");
  if (!takes("a table")) expect_fault("{ a = 1 }", "found a table");
  expect_fault("1.5", "found float 1.5");
  expect_fault("2024-01-01", "found a date");
}

TEST_P(EveryKey, IntegersRefuseWhatIsOutOfTheirBounds) {
  if (!bounds()) return;
  const auto [min, max] = *bounds();
  EXPECT_GE(min, 0);
  expect_fault("-1", "found integer -1");
  if (min > 0) expect_fault("0", "found integer 0");
  expect_fault(std::to_string(min - 1), "allowed");
  expect_fault(std::to_string(max + 1), "allowed");
  expect_fault("9223372036854775807", "found integer 9223372036854775807");
}

TEST_P(EveryKey, IntegersKeepTheirBoundsExactly) {
  if (!bounds()) return;
  for (const std::int64_t value : {bounds()->first, bounds()->second}) {
    const auto loaded = ConfigDraft().set(key_.table(), key_.leaf(), std::to_string(value)).load();
    EXPECT_EQ(key_.kind.render(loaded.config), std::to_string(value))
        << "the type in Config is too narrow for " << key_.name;
  }
}

TEST_P(EveryKey, TextsRefuseEmptyAndControlCharacters) {
  const bool liveness = key_.leaf().starts_with("liveness");
  if (!takes_text() || liveness) return;
  if (takes("one of")) {
    expect_fault("\"\"", "found string \"\"");
    expect_fault("\"Refuse\"", "found string \"Refuse\"");
    return;
  }
  for (const std::string_view toml : {"\"\"", "\"a\\nb\"", "\"a\\u0000b\"", "\"\\u001b[31m\""}) {
    const auto loaded = ConfigDraft().set(key_.table(), key_.leaf(), toml).load();
    EXPECT_THAT(faults_of(loaded, key_.name), SizeIs(1)) << key_.name << " = " << toml;
    EXPECT_THAT(loaded.report("f"), ::testing::Not(HasSubstr("\x1b")));
  }
}

TEST_P(EveryKey, PathsRefuseWhatAShellWouldHaveReplaced) {
  if (!is_path()) return;
  for (const std::string path : {"~", "~/x", "~op/x", "$HOME/x", "/srv/${NAME}/x"}) {
    const std::string reason = path.starts_with('~') ? "\"~\" is not replaced" : "variables are not replaced";
    const auto faults = faults_of(load_path(path, sutra::testing::desk_context()), key_.name);
    ASSERT_THAT(faults, SizeIs(1)) << path;
    EXPECT_THAT(faults[0].text, AllOf(HasSubstr("found string \"" + path + "\""), HasSubstr(reason)));
  }
  const auto inside = load_path("/srv/a~b", sutra::testing::desk_context());
  EXPECT_THAT(inside.report("f"), ::testing::Not(HasSubstr("is not replaced")))
      << "it stands for itself there";
}

TEST_P(EveryKey, ARelativePathWithoutAWorkingDirectoryIsAFault) {
  if (!is_path()) return;
  auto context = sutra::testing::desk_context();
  context.working_directory = "";
  const auto faults = faults_of(load_path("some/where", context), key_.name);
  ASSERT_THAT(faults, SizeIs(1));
  EXPECT_THAT(faults[0].text, AllOf(HasSubstr("found string \"some/where\""),
                                    HasSubstr("the working directory does not exist any more"),
                                    HasSubstr("use an absolute path")));
  EXPECT_THAT(load_path("/some/where", context).report("f"), ::testing::Not(HasSubstr("\"/some/where\"")));
}

TEST_P(EveryKey, WordsAreAllAccepted) {
  if (!takes("one of")) return;
  std::istringstream words(allowed_.substr(std::string_view("one of").size()));
  int count = 0;
  for (std::string word; words >> word; ++count) {
    const auto loaded = ConfigDraft().set(key_.table(), key_.leaf(), word).load();
    EXPECT_EQ(loaded.report("f"), "");
    EXPECT_EQ(key_.kind.render(loaded.config), word);
  }
  EXPECT_GE(count, 2);
}

TEST_P(EveryKey, IsReportedMissingOnlyIfItIsRequired) {
  const bool required = key_.presence == Presence::kRequired;
  const auto loaded = ConfigDraft().erase(key_.table(), key_.leaf()).load();
  const auto faults = faults_of(loaded, key_.name);
  ASSERT_THAT(faults, SizeIs(required ? 1 : 0));
  if (!required) return;
  EXPECT_EQ(faults[0].line, 0U);
  EXPECT_THAT(faults[0].text,
              AllOf(HasSubstr("is missing"), HasSubstr("[" + std::string(key_.table()) + "]")));
}

TEST_P(EveryKey, SetToItsDefaultChangesNothing) {
  const std::string preset = key_.kind.render(Config());
  if (key_.presence == Presence::kRequired || !key_.not_available.empty() || preset.empty()) return;
  const auto loaded = ConfigDraft().set(key_.table(), key_.leaf(), preset).load();
  EXPECT_EQ(loaded.report("f"), "");
  EXPECT_EQ(loaded.config, ConfigDraft().load().config);
}

TEST_P(EveryKey, IsSuggestedForATypingError) {
  std::string typo(key_.leaf());
  std::swap(typo[typo.size() / 2], typo[typo.size() / 2 - 1]);
  if (typo == key_.leaf()) typo += "x";
  ConfigDraft draft;
  draft.set(key_.table(), typo, "1");
  const auto faults = faults_of(draft.load(), std::string(key_.table()) + "." + typo);
  ASSERT_THAT(faults, SizeIs(1));
  EXPECT_EQ(faults[0].line, draft.line_of(key_.table(), typo));
  EXPECT_THAT(faults[0].text,
              AllOf(HasSubstr("unknown key"), HasSubstr("nearest known key is " + std::string(key_.name))));
}

TEST_P(EveryKey, ThatIsNotAvailableYetIsRefusedWithTheReason) {
  if (key_.not_available.empty()) return;
  const bool truth = takes("true or false");
  const auto loaded = ConfigDraft().set(key_.table(), key_.leaf(), truth ? "true" : "\"localhost:9\"").load();
  const auto faults = faults_of(loaded, key_.name);
  ASSERT_THAT(faults, SizeIs(1));
  EXPECT_EQ(faults[0].text, key_.not_available);
  EXPECT_THAT(faults[0].text, HasSubstr("this version"));
}

std::vector<const Key*> every_key() {
  std::vector<const Key*> keys;
  for (const Key& key : all_keys()) keys.push_back(&key);
  return keys;
}

INSTANTIATE_TEST_SUITE_P(Config, EveryKey, ::testing::ValuesIn(every_key()), [](const auto& each) {
  return std::string(each.param->table()) + "_" + std::string(each.param->leaf());
});

TEST(ConfigKeys, AreGroupedByTableAndUnique) {
  std::vector<std::string_view> tables;
  for (const Key& key : all_keys()) {
    EXPECT_EQ(find_key(key.name), &key) << key.name;
    if (tables.empty() || tables.back() != key.table()) tables.push_back(key.table());
  }
  EXPECT_THAT(tables, ::testing::ElementsAre("agent", "storage", "monitoring", "logging", "tls", "metrics"));
}

TEST(ConfigKeys, UnknownTableIsNamedWithItsLineAndTheNearest) {
  ConfigDraft draft;
  draft.set("monitorin", "x", "1");
  const auto loaded = draft.load();
  ASSERT_THAT(loaded.faults, SizeIs(1));
  EXPECT_EQ(loaded.faults[0].key, "monitorin");
  EXPECT_EQ(loaded.faults[0].line, draft.line_of("monitorin", "x") - 1);
  EXPECT_THAT(loaded.faults[0].text, HasSubstr("nearest known table is [monitoring]"));
}

TEST(ConfigKeys, KeyInTheWrongTableIsReportedWithItsTable) {
  const auto loaded = ConfigDraft().set("storage", "agent_port", "1").load();
  ASSERT_THAT(loaded.faults, SizeIs(1));
  EXPECT_THAT(loaded.faults[0].text, HasSubstr("belongs in [agent]"));
}

TEST(ConfigKeys, KnownKeyBeforeTheFirstHeadingIsReportedWithItsTable) {
  const auto loaded = parse_config("agent_port = 1\n" + ConfigDraft().text(), sutra::testing::desk_context());
  ASSERT_THAT(loaded.faults, SizeIs(1));
  EXPECT_EQ(loaded.faults[0].key, "agent_port");
  EXPECT_THAT(loaded.faults[0].text, HasSubstr("belongs in [agent]"));
}

TEST(ConfigKeys, UnknownKeyBeforeTheFirstHeadingIsReportedWithTheNearestKey) {
  const auto loaded = parse_config("agent_prot = 1\n" + ConfigDraft().text(), sutra::testing::desk_context());
  ASSERT_THAT(loaded.faults, SizeIs(1));
  EXPECT_EQ(loaded.faults[0].line, 1U);
  EXPECT_THAT(loaded.faults[0].text, AllOf(HasSubstr("agent.agent_port"), HasSubstr("[agent]")));
}

TEST(ConfigKeys, TableGivenAsAValueOrAsAnArrayIsRefused) {
  const auto context = sutra::testing::desk_context();
  const auto value = parse_config("logging = 3\n" + ConfigDraft().text(), context);
  ASSERT_THAT(value.faults, SizeIs(1));
  EXPECT_THAT(value.faults[0].text, AllOf(HasSubstr("found integer 3"), HasSubstr("[logging]")));
  const auto array = parse_config(ConfigDraft().text() + "[[logging]]\nlevel = \"info\"\n", context);
  ASSERT_THAT(array.faults, SizeIs(1));
  EXPECT_THAT(array.faults[0].text, HasSubstr("found an array"));
}

TEST(ConfigKeys, NestedTableIsAnUnknownKey) {
  const auto loaded = ConfigDraft().set("agent.more", "x", "1").load();
  ASSERT_THAT(loaded.faults, SizeIs(1));
  EXPECT_EQ(loaded.faults[0].key, "agent.more");
}

TEST(ConfigKeys, UnknownKeyIsSafeToPrint) {
  const auto loaded = ConfigDraft().set("agent", "\"a\\u001b\\n\"", "1").load();
  ASSERT_THAT(loaded.faults, SizeIs(1));
  EXPECT_EQ(loaded.faults[0].key, "agent.a\\x1b\\x0a");
}

}  // namespace
}  // namespace sutra::config
