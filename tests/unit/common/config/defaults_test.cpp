#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "tests/support/temporary_directory.h"
#include "tests/unit/common/config/draft.h"

namespace sutra {
namespace {

using testing::ConfigDraft;
using testing::desk_context;
using ::testing::HasSubstr;

ConfigDraft remote() {
  return ConfigDraft()
      .set("agent", "master_host", R"("10.0.0.1:7000")")
      .set("tls", "allow_plaintext", "true");
}

TEST(ConfigDefaults, WithoutRootEveryDirectoryIsBelowTheWorkingDirectory) {
  const Config config = ConfigDraft().load().config;
  EXPECT_EQ(config.agent.state_dir, "/home/op/state");
  EXPECT_EQ(config.agent.runtime_dir, "/home/op/run");
  EXPECT_EQ(config.storage.log_dir, "/home/op/log");
  EXPECT_EQ(config.storage.data_path, "/home/op/data");
}

TEST(ConfigDefaults, ForRootTheSystemsStandardDirectoriesAreUsed) {
  auto context = desk_context();
  context.is_root = true;
  const Config config = ConfigDraft().load(context).config;
  EXPECT_EQ(config.agent.state_dir, "/var/lib/sutra-agent");
  EXPECT_EQ(config.agent.runtime_dir, "/run/sutra-agent");
  EXPECT_EQ(config.storage.log_dir, "/var/log/sutra-agent");
}

TEST(ConfigDefaults, SystemdsDirectoriesOverrideTheDefaults) {
  auto context = desk_context();
  context.is_root = true;
  context.state_directory = "/var/lib/s/";
  context.runtime_directory = "/run/r";
  context.logs_directory = "/var/log/l";
  const Config config = ConfigDraft().load(context).config;
  EXPECT_EQ(config.agent.state_dir, "/var/lib/s");
  EXPECT_EQ(config.agent.runtime_dir, "/run/r");
  EXPECT_EQ(config.storage.log_dir, "/var/log/l");
}

TEST(ConfigDefaults, TheFileOverridesSystemdsDirectories) {
  auto context = desk_context();
  context.state_directory = "/var/lib/s";
  const Config config = ConfigDraft().set("agent", "state_dir", R"("./a//b/../c/")").load(context).config;
  EXPECT_EQ(config.agent.state_dir, "/home/op/a/c");
  EXPECT_EQ(config.storage.log_dir, "/home/op/a/log") << "beside state_dir";
}

TEST(ConfigDefaults, WithALoopbackMasterTheAgentStaysOnLoopback) {
  for (const auto* master : {R"("localhost:7000")", R"("127.8.8.8:7000")", R"("[::1]:7000")"}) {
    const Config config = ConfigDraft().set("agent", "master_host", master).load().config;
    EXPECT_EQ(config.agent.listen_address, "127.0.0.1");
    EXPECT_EQ(config.agent.advertise_host, "127.0.0.1");
  }
}

TEST(ConfigDefaults, WithARemoteMasterTheAgentListensEverywhereAndAdvertisesItsName) {
  const Config config = remote().load().config;
  EXPECT_EQ(config.agent.listen_address, "0.0.0.0");
  EXPECT_EQ(config.agent.advertise_host, "storage-7");
}

TEST(ConfigDefaults, WithALoopbackMasterTheListenAddressIsAdvertised) {
  EXPECT_EQ(ConfigDraft().set("agent", "listen_address", R"("::1")").load().config.agent.advertise_host,
            "::1");
  EXPECT_EQ(ConfigDraft().set("agent", "listen_address", R"("::")").load().config.agent.advertise_host,
            "127.0.0.1");
}

TEST(ConfigDefaults, AHostWithoutANameIsAFaultOnlyWhereItWouldBeAdvertised) {
  auto context = desk_context();
  context.hostname = "";
  EXPECT_TRUE(ConfigDraft().load(context).ok());
  EXPECT_TRUE(remote().set("agent", "advertise_host", R"("10.0.0.7")").load(context).ok());
  EXPECT_THAT(remote().load(context).report("f"), HasSubstr("agent.advertise_host: is not set"));
  context.hostname = "two words";
  EXPECT_THAT(remote().load(context).report("f"), HasSubstr("two words"));
}

TEST(ConfigDefaults, DirectoriesOfAFaultyFileAreStillFound) {
  const auto loaded =
      ConfigDraft().set("agent", "state_dir", R"("/s")").set("agent", "agent_port", "0").load();
  EXPECT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.config.agent.state_dir, "/s");
  EXPECT_EQ(loaded.config.agent.runtime_dir, "/home/op/run");
}

TEST(ConfigDefaults, WithoutAWorkingDirectoryTheDefaultsThatNeedOneAreFaults) {
  auto context = desk_context();
  context.working_directory = "";
  const auto draft = ConfigDraft().set("storage", "data_path", R"("/srv/data")");
  const auto loaded = draft.load(context);
  EXPECT_EQ(loaded.faults.size(), 3U) << loaded.report("f");
  for (const auto* key : {"agent.state_dir", "agent.runtime_dir", "storage.log_dir"}) {
    EXPECT_THAT(loaded.report("f"), HasSubstr(std::string("f: ") + key +
                                              ": is not set, and its default lies in the working directory, "
                                              "which does not exist any more; set it to an absolute path"));
  }
  EXPECT_EQ(loaded.config.agent.state_dir, "") << "no directory that was never meant";
  EXPECT_EQ(loaded.config.agent.runtime_dir, "");
  context.is_root = true;
  EXPECT_EQ(draft.load(context).report("f"), "") << "root's defaults are absolute";
}

TEST(ConfigDefaults, ARuntimeDirOfTheFilesOwnIsToldFromADefault) {
  EXPECT_FALSE(ConfigDraft().load().names_runtime_dir);
  EXPECT_FALSE(ConfigDraft().set("agent", "runtime_dir", "7").load().names_runtime_dir);
  EXPECT_TRUE(ConfigDraft().set("agent", "runtime_dir", R"("r")").load().names_runtime_dir);
  EXPECT_TRUE(parse_config("[agent]\nruntime_dir = \"r\"\n[", desk_context()).names_runtime_dir);
}

class ConfigContextOfThisProcess : public ::testing::Test {
 protected:
  void TearDown() override {
    for (const auto* name : {"STATE_DIRECTORY", "RUNTIME_DIRECTORY", "LOGS_DIRECTORY"}) unsetenv(name);
  }
};

TEST_F(ConfigContextOfThisProcess, TakesTheFirstOfSystemdsDirectories) {
  setenv("STATE_DIRECTORY", "/var/lib/a:/var/lib/b", 1);
  setenv("RUNTIME_DIRECTORY", "/run/a", 1);
  setenv("LOGS_DIRECTORY", "", 1);
  const auto context = ConfigContext::of_this_process();
  EXPECT_EQ(context.state_directory, "/var/lib/a");
  EXPECT_EQ(context.runtime_directory, "/run/a");
  EXPECT_EQ(context.logs_directory, std::nullopt);
  EXPECT_EQ(context.is_root, geteuid() == 0);
  EXPECT_TRUE(context.working_directory.starts_with('/'));
}

TEST_F(ConfigContextOfThisProcess, HasNoWorkingDirectoryWhenItWasRemoved) {
  const auto before = std::filesystem::current_path();
  {
    const test::TemporaryDirectory removed;
    std::filesystem::current_path(removed.path());
  }
  const auto context = ConfigContext::of_this_process();
  std::filesystem::current_path(before);
  EXPECT_EQ(context.working_directory, "");
}

}  // namespace
}  // namespace sutra
