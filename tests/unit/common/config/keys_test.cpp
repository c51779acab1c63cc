// One sweep over the table of keys: what holds for every key is tested for every key.
#include "common/config/keys.h"

#include <gmock/gmock.h>

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

  /// Exactly one fault, of this key and on its line, that names what was found and what is allowed.
  void expect_fault(std::string_view toml, std::string_view found) {
    ConfigDraft draft;
    draft.set(key_.table, key_.name, toml);
    const auto loaded = draft.load();
    const auto faults = faults_of(loaded, key_.full_name());
    ASSERT_THAT(faults, SizeIs(1)) << key_.full_name() << " = " << toml << "\n" << loaded.report("f");
    EXPECT_EQ(faults[0].line, draft.line_of(key_.table, key_.name));
    EXPECT_THAT(faults[0].text, HasSubstr(std::string(found)));
    EXPECT_THAT(faults[0].text, HasSubstr("allowed is " + allowed_values(key_)));
  }
  [[nodiscard]] bool takes_text() const {
    return std::holds_alternative<TextKey>(key_.shape) || std::holds_alternative<PathKey>(key_.shape) ||
           std::holds_alternative<WordKey>(key_.shape) ||
           std::holds_alternative<MasterHostsKey>(key_.shape) ||
           std::holds_alternative<MetricsListenKey>(key_.shape);
  }
};

TEST_P(EveryKey, RefusesEveryOtherType) {
  const bool integer = std::holds_alternative<IntegerKey>(key_.shape);
  const bool truth = std::holds_alternative<BooleanKey>(key_.shape);
  const bool list = std::holds_alternative<PathListKey>(key_.shape) ||
                    std::holds_alternative<ArgumentsKey>(key_.shape) ||
                    std::holds_alternative<MasterHostsKey>(key_.shape);
  if (!integer) expect_fault("5", "found integer 5");
  if (!truth) expect_fault("true", "found true");
  if (!takes_text()) expect_fault("\"x\"", "found string \"x\"");
  if (!list) expect_fault("[1]", "found an array");
  if (!std::holds_alternative<EnvironmentKey>(key_.shape)) expect_fault("{ a = 1 }", "found a table");
  expect_fault("1.5", "found float 1.5");
  expect_fault("2024-01-01", "found a date");
}

TEST_P(EveryKey, IntegersRefuseNegativeZeroAndTooLarge) {
  const auto* integer = std::get_if<IntegerKey>(&key_.shape);
  if (integer == nullptr) return;
  EXPECT_GE(integer->min, 1);
  expect_fault("-1", "found integer -1");
  expect_fault("0", "found integer 0");
  expect_fault(std::to_string(integer->min - 1), "allowed");
  expect_fault(std::to_string(integer->max + 1), "allowed");
  expect_fault("9223372036854775807", "found integer 9223372036854775807");
}

TEST_P(EveryKey, IntegersKeepTheirBoundsExactly) {
  const auto* integer = std::get_if<IntegerKey>(&key_.shape);
  if (integer == nullptr) return;
  for (const std::int64_t value : {integer->min, integer->max}) {
    const auto loaded = ConfigDraft().set(key_.table, key_.name, std::to_string(value)).load();
    EXPECT_EQ(integer->get(loaded.config), value)
        << "the type in Config is too narrow for " << key_.full_name();
  }
}

TEST_P(EveryKey, TextsRefuseEmptyAndControlCharacters) {
  const bool liveness = key_.name.starts_with("liveness");
  if (!takes_text() || liveness) return;
  if (std::holds_alternative<WordKey>(key_.shape)) {
    expect_fault("\"\"", "found string \"\"");
    expect_fault("\"Refuse\"", "found string \"Refuse\"");
    return;
  }
  for (const std::string_view toml : {"\"\"", "\"a\\nb\"", "\"a\\u0000b\"", "\"\\u001b[31m\""}) {
    const auto loaded = ConfigDraft().set(key_.table, key_.name, toml).load();
    EXPECT_THAT(faults_of(loaded, key_.full_name()), SizeIs(1)) << key_.full_name() << " = " << toml;
    EXPECT_THAT(loaded.report("f"), ::testing::Not(HasSubstr("\x1b")));
  }
}

TEST_P(EveryKey, WordsAreAllAccepted) {
  const auto* word = std::get_if<WordKey>(&key_.shape);
  if (word == nullptr) return;
  for (std::size_t i = 0; i < word->words.size(); ++i) {
    const auto loaded =
        ConfigDraft().set(key_.table, key_.name, "\"" + std::string(word->words[i]) + "\"").load();
    EXPECT_EQ(loaded.report("f"), "");
    EXPECT_EQ(word->get(loaded.config), i);
  }
}

TEST_P(EveryKey, IsMissedExactlyWhenItIsRequired) {
  const auto loaded = ConfigDraft().erase(key_.table, key_.name).load();
  const auto faults = faults_of(loaded, key_.full_name());
  ASSERT_THAT(faults, SizeIs(key_.required ? 1 : 0));
  if (!key_.required) return;
  EXPECT_EQ(faults[0].line, 0U);
  EXPECT_THAT(faults[0].text, AllOf(HasSubstr("is missing"), HasSubstr("[" + std::string(key_.table) + "]")));
}

TEST_P(EveryKey, DefaultWrittenOutChangesNothing) {
  if (key_.preset.empty()) return;
  const auto loaded = ConfigDraft().set(key_.table, key_.name, key_.preset).load();
  EXPECT_EQ(loaded.report("f"), "");
  EXPECT_EQ(loaded.config, ConfigDraft().load().config);
}

TEST_P(EveryKey, IsSuggestedForATypingError) {
  std::string typo(key_.name);
  std::swap(typo[typo.size() / 2], typo[typo.size() / 2 - 1]);
  if (typo == key_.name) typo += "x";
  ConfigDraft draft;
  draft.set(key_.table, typo, "1");
  const auto faults = faults_of(draft.load(), std::string(key_.table) + "." + typo);
  ASSERT_THAT(faults, SizeIs(1));
  EXPECT_EQ(faults[0].line, draft.line_of(key_.table, typo));
  EXPECT_THAT(faults[0].text,
              AllOf(HasSubstr("unknown key"), HasSubstr("nearest known key is " + key_.full_name())));
}

TEST_P(EveryKey, NotAvailableYetIsRefusedWithTheReason) {
  if (key_.not_available.empty()) return;
  const bool truth = std::holds_alternative<BooleanKey>(key_.shape);
  const auto loaded = ConfigDraft().set(key_.table, key_.name, truth ? "true" : "\"localhost:9\"").load();
  const auto faults = faults_of(loaded, key_.full_name());
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
  return std::string(each.param->table) + "_" + std::string(each.param->name);
});

TEST(ConfigKeys, StandTogetherByTableAndOnlyOnce) {
  for (const Key& key : all_keys()) EXPECT_EQ(find_key(key.table, key.name), &key) << key.full_name();
  EXPECT_EQ(table_names(),
            (std::vector<std::string_view>{"agent", "storage", "monitoring", "logging", "tls", "metrics"}));
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

TEST(ConfigKeys, KeyOfAnotherTableIsSentThere) {
  const auto loaded = ConfigDraft().set("storage", "agent_port", "1").load();
  ASSERT_THAT(loaded.faults, SizeIs(1));
  EXPECT_THAT(loaded.faults[0].text, HasSubstr("belongs in [agent]"));
}

TEST(ConfigKeys, KeyAboveEveryHeadingIsSentBelowOne) {
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
