#include "supervisor/startup/startup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "supervisor/host/memfd.h"
#include "tests/support/temporary_directory.h"

namespace sutra::supervisor {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ChooseConfig : public ::testing::Test {
 protected:
  ChooseConfig() {
    for (const char* name : {"state", "runtime"}) ::mkdir((directory_.path() + "/" + name).c_str(), 0755);
    arguments_.config_path = directory_.path() + "/agent.toml";
  }
  [[nodiscard]] std::string config(const std::string& max_nodes) const {
    return "[agent]\nagent_id = \"a-1\"\nplatform = \"desk\"\nmaster_host = \"127.0.0.1:7000\"\n"
           "max_storage_nodes = " +
           max_nodes + "\n" + "state_dir = \"" + state() + "\"\nruntime_dir = \"" + runtime() + "\"\n" +
           "[storage]\nbinary_path = \"/usr/bin/true\"\ndata_path = \"" + directory_.path() + "/data\"\n";
  }
  void write(const std::string& text) const { std::ofstream(arguments_.config_path) << text; }
  void keep_last(const std::string& text) const {
    auto ledger = Ledger::open(state(), runtime());
    ASSERT_TRUE(ledger.ok()) << ledger.error().message();
    ASSERT_TRUE(ledger.value()->write_last_config(text));
  }
  [[nodiscard]] std::string state() const { return directory_.path() + "/state"; }
  [[nodiscard]] std::string runtime() const { return directory_.path() + "/runtime"; }
  static bool some_live(Ledger&) { return true; }
  static bool none_live(Ledger&) { return false; }

  test::TemporaryDirectory directory_;
  Arguments arguments_;
};

TEST_F(ChooseConfig, AValidFileIsUsedWithOrWithoutLiveNodes) {
  write(config("7"));
  const auto chosen = choose_config(arguments_, {}, some_live);
  const auto* run = std::get_if<ChosenConfig>(&chosen);
  ASSERT_NE(run, nullptr) << std::get<std::string>(chosen);
  EXPECT_EQ(run->config.agent.max_storage_nodes, 7U);
  EXPECT_EQ(run->text, config("7"));
  EXPECT_EQ(run->path, arguments_.config_path);
  EXPECT_THAT(run->instead, IsEmpty());
}

TEST_F(ChooseConfig, AFaultyFileIsReportedWhenNoNodeLives) {
  keep_last(config("7"));
  write(config("\"many\""));
  const auto chosen = choose_config(arguments_, {}, none_live);
  ASSERT_TRUE(std::holds_alternative<std::string>(chosen));
  EXPECT_THAT(std::get<std::string>(chosen), HasSubstr("max_storage_nodes"));
}

TEST_F(ChooseConfig, WithAFaultyFileAndLiveNodesTheLastCheckedOneIsUsed) {
  keep_last(config("7"));
  write(config("\"many\""));
  const auto chosen = choose_config(arguments_, {}, some_live);
  const auto* run = std::get_if<ChosenConfig>(&chosen);
  ASSERT_NE(run, nullptr) << std::get<std::string>(chosen);
  EXPECT_EQ(run->config.agent.max_storage_nodes, 7U);
  EXPECT_EQ(run->text, config("7"));
  EXPECT_EQ(run->path, arguments_.config_path);
  EXPECT_THAT(run->instead, HasSubstr("max_storage_nodes")) << "the operator is told why";
}

TEST_F(ChooseConfig, AFaultyLastCheckedConfigurationIsNotUsed) {
  keep_last(config("\"several\""));
  write(config("\"many\""));
  EXPECT_TRUE(std::holds_alternative<std::string>(choose_config(arguments_, {}, some_live)));
}

TEST_F(ChooseConfig, AFaultyFileIsReportedWhenThereIsNoLastCheckedOne) {
  write(config("\"many\""));
  EXPECT_TRUE(std::holds_alternative<std::string>(choose_config(arguments_, {}, some_live)));
}

TEST_F(ChooseConfig, AMissingFileIsReported) {
  const auto chosen = choose_config(arguments_, {}, none_live);
  ASSERT_TRUE(std::holds_alternative<std::string>(chosen));
  EXPECT_THAT(std::get<std::string>(chosen), HasSubstr(arguments_.config_path));
}

TEST_F(ChooseConfig, ARelativePathLiesInTheWorkingDirectoryAndIsShownWithoutItsDot) {
  write(config("7"));
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(directory_.path());
  arguments_.config_path = "./agent.toml";
  const auto chosen = choose_config(arguments_, {}, none_live);
  std::filesystem::current_path(before);
  const auto* run = std::get_if<ChosenConfig>(&chosen);
  ASSERT_NE(run, nullptr) << std::get<std::string>(chosen);
  EXPECT_EQ(run->path, directory_.path() + "/agent.toml");
}

TEST_F(ChooseConfig, ARelativePathIsAFaultWhereTheWorkingDirectoryWasRemoved) {
  const auto before = std::filesystem::current_path();
  {
    const test::TemporaryDirectory removed;
    std::filesystem::current_path(removed.path());
  }
  arguments_.config_path = "agent.toml";
  const auto chosen = choose_config(arguments_, {}, none_live);
  std::filesystem::current_path(before);
  ASSERT_TRUE(std::holds_alternative<std::string>(chosen));
  EXPECT_EQ(
      std::get<std::string>(chosen),
      "read configuration agent.toml: the working directory does not exist any more; name the file by its "
      "absolute path\n");
}

TEST_F(ChooseConfig, AHandedOverConfigurationIsUsedAndTheFileIsNotRead) {
  write(config("\"many\""));
  Handoff handoff;
  auto checked = sealed_memfd("checked", config("3"));
  ASSERT_TRUE(checked.ok());
  handoff.configuration = std::move(checked).value();
  const auto chosen = choose_config(arguments_, handoff, none_live);
  const auto* run = std::get_if<ChosenConfig>(&chosen);
  ASSERT_NE(run, nullptr) << std::get<std::string>(chosen);
  EXPECT_EQ(run->config.agent.max_storage_nodes, 3U);
  EXPECT_EQ(run->path, arguments_.config_path);
}

TEST_F(ChooseConfig, NoNodeLivesInAnEmptyLedger) {
  auto ledger = Ledger::open(state(), runtime());
  ASSERT_TRUE(ledger.ok());
  EXPECT_FALSE(nodes_live(*ledger.value()));
}

class KeptFault : public ::testing::Test {
 protected:
  KeptFault() {
    config_.agent.agent_id = "a-1";
    config_.agent.state_dir = "/var/lib/x";
    config_.agent.runtime_dir = "/run/x";
  }
  Config config_;
  std::vector<std::string> running_{"a-1", "/var/lib/x", "/run/x"};
};

TEST_F(KeptFault, IsNoneWhenAllThreeAreKept) { EXPECT_THAT(kept_fault(config_, running_), IsEmpty()); }

TEST_F(KeptFault, IsNoneWhenThereIsNothingToKeep) { EXPECT_THAT(kept_fault(config_, {}), IsEmpty()); }

TEST_F(KeptFault, NamesEachKeyThatAReloadCannotChange) {
  const std::vector<std::string> keys{"agent.agent_id", "agent.state_dir", "agent.runtime_dir"};
  for (std::size_t i = 0; i < keys.size(); ++i) {
    std::vector<std::string> running = running_;
    running[i] = "other";
    const std::string fault = kept_fault(config_, running);
    for (std::size_t j = 0; j < keys.size(); ++j) {
      EXPECT_EQ(fault.find(keys[j]) != std::string::npos, i == j) << fault;
    }
    EXPECT_THAT(fault, HasSubstr("running: other"));
    EXPECT_THAT(fault, HasSubstr("stop the agent and start it again"));
  }
}

}  // namespace
}  // namespace sutra::supervisor
