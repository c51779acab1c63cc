#include "supervisor/startup/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sutra::supervisor {
namespace {

using ::testing::HasSubstr;

std::variant<Arguments, int> parse(std::vector<std::string> words) {
  words.insert(words.begin(), "sutra-agent");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  return parse_arguments(static_cast<int>(argv.size()), argv.data());
}

std::string config_of(const std::vector<std::string>& words) {
  const auto parsed = parse(words);
  const auto* arguments = std::get_if<Arguments>(&parsed);
  return arguments != nullptr ? arguments->config_path : "refused";
}

/// What it says.
std::string refusal_of(const std::vector<std::string>& words) {
  ::testing::internal::CaptureStderr();
  const auto parsed = parse(words);
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::holds_alternative<int>(parsed) ? std::get<int>(parsed) : 0, 2) << said;
  return said;
}

TEST(AgentArguments, TheConfigurationIsThePositionalArgumentOrAnOption) {
  EXPECT_EQ(config_of({}), "");
  EXPECT_EQ(config_of({"a.toml"}), "a.toml");
  EXPECT_EQ(config_of({"--config", "a.toml"}), "a.toml");
  EXPECT_EQ(config_of({"--config=a.toml", "--check-config"}), "a.toml");
  EXPECT_EQ(config_of({"--check-config", "a.toml"}), "a.toml");
}

TEST(AgentArguments, WhatAReloadPassesIsUnderstood) {
  const auto parsed = parse({"--check-config", "--config-fd", "3", "--config", "/etc/a.toml", "--must-keep",
                             "a-1", "/var/lib/x", "/run/x"});
  const auto& arguments = std::get<Arguments>(parsed);
  EXPECT_TRUE(arguments.check_config);
  EXPECT_EQ(arguments.config_fd, 3);
  EXPECT_EQ(arguments.config_path, "/etc/a.toml");
  EXPECT_EQ(arguments.must_keep, (std::vector<std::string>{"a-1", "/var/lib/x", "/run/x"}));
}

TEST(AgentArguments, TwoConfigurationsAreRefusedHoweverTheyAreGiven) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"a.toml", "b.toml"},
                                                {"--config", "a.toml", "b.toml"},
                                                {"b.toml", "--config", "a.toml"},
                                                {"--config", "a.toml", "--config", "b.toml"}}) {
    EXPECT_THAT(refusal_of(words), ::testing::Not(::testing::IsEmpty()));
  }
}

TEST(AgentArguments, AnEmptyPathIsRefusedAndNotTakenForTheDefault) {
  EXPECT_THAT(refusal_of({"--config", ""}), HasSubstr("it is empty"));
  EXPECT_THAT(refusal_of({""}), HasSubstr("it is empty"));
}

TEST(AgentArguments, NoMistakeEscapesAsAnException) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--nonsense"},
                                                {"--config"},
                                                {"--config-fd", "x"},
                                                {"--config-fd", "99999999999"},
                                                {"--must-keep", "a"}}) {
    EXPECT_THAT(refusal_of(words), ::testing::Not(::testing::IsEmpty()));
  }
}

}  // namespace
}  // namespace sutra::supervisor
