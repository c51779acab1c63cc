// The agent-config.toml that comes with the agent.
#include <gmock/gmock.h>

#include <sstream>

#include "common/config/keys.h"
#include "tests/unit/common/config/draft.h"

namespace sutra {
namespace {

using ::testing::HasSubstr;

std::string shipped() {
  auto text = read_config_file(SUTRA_SHIPPED_CONFIG);
  EXPECT_TRUE(text.ok()) << text.error().message();
  return text.ok() ? std::move(text).value() : std::string();
}

/// With every line "#key = value" uncommented.
std::string uncommented(int& count) {
  std::istringstream lines(shipped());
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    const bool live = line.size() > 1 && line[0] == '#' && line[1] >= 'a' && line[1] <= 'z';
    if (live) ++count;
    out += (live ? line.substr(1) : line) + "\n";
  }
  return out;
}

TEST(ShippedConfig, Loads) {
  const auto loaded = parse_config(shipped(), testing::desk_context());
  EXPECT_EQ(loaded.report("agent-config.toml"), "");
  EXPECT_TRUE(loaded.warnings.empty());
  EXPECT_EQ(loaded.config.agent.agent_id, "storage-7") << "two agents must not share the shipped id";
}

TEST(ShippedConfig, CommentedDefaultsAreTheDefaults) {
  int count = 0;
  const auto loaded = parse_config(uncommented(count), testing::desk_context());
  EXPECT_GE(count, 20);
  EXPECT_EQ(loaded.report("agent-config.toml"), "");
  Config expected = parse_config(shipped(), testing::desk_context()).config;
  expected.storage.confine =
      false;  // the one key whose line says what is in force rather than what is wished
  EXPECT_EQ(loaded.config, expected);
}

TEST(ShippedConfig, ShowsEveryKey) {
  const std::string text = shipped();
  for (const config::Key& key : config::all_keys()) {
    if (!key.not_available.empty() && key.name != "storage.confine") continue;
    const bool has_default = key.presence != config::Presence::kRequired && key.not_available.empty();
    const std::string preset = has_default ? key.kind.render(Config()) : "";
    EXPECT_THAT(text, HasSubstr(std::string(key.leaf()) + " = " + preset));
  }
}

}  // namespace
}  // namespace sutra
