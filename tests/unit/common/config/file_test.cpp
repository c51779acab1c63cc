#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "common/config/config.h"
#include "common/unique_fd.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/common/config/draft.h"

namespace sutra {
namespace {

using ::testing::HasSubstr;

class ConfigFile : public ::testing::Test {
 protected:
  std::string file(const std::string& bytes) {
    const std::string path = directory_ / "agent-config.toml";
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  static std::string error_of(const std::string& path) {
    const auto text = read_config_file(path);
    return text.ok() ? "no error" : text.error().message();
  }

  const test::TemporaryDirectory directory_;
};

TEST_F(ConfigFile, IsReadToTheLastByte) {
  const std::string text = testing::ConfigDraft().text() + std::string(100000, '#');
  const auto read = read_config_file(file(text));
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read.value(), text);
}

TEST_F(ConfigFile, MissingNamesThePathAndWhatToDo) {
  EXPECT_THAT(error_of(directory_ / "none.toml"),
              ::testing::AllOf(HasSubstr("/none.toml: No such file or directory"), HasSubstr("--config")));
}

TEST_F(ConfigFile, UnreadableNamesTheCause) {
  const std::string path = file("x");
  ASSERT_EQ(chmod(path.c_str(), 0), 0);
  ASSERT_EQ(chmod(directory_.path().c_str(), 0755), 0);
  const uid_t self = geteuid();
  if (self == 0) {
    ASSERT_EQ(seteuid(65534), 0);
  }
  const std::string error = error_of(path);
  if (self == 0) {
    ASSERT_EQ(seteuid(self), 0);
  }
  EXPECT_THAT(error, HasSubstr("Permission denied"));
}

TEST_F(ConfigFile, DirectoryIsRefused) {
  EXPECT_THAT(error_of(directory_.path()), HasSubstr("it is a directory"));
}

TEST_F(ConfigFile, PipeIsRefusedWithoutWaitingForAWriter) {
  const std::string path = directory_ / "pipe";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_THAT(error_of(path), HasSubstr("it is a pipe"));
}

TEST_F(ConfigFile, DeviceIsRefused) { EXPECT_THAT(error_of("/dev/null"), HasSubstr("it is a device")); }

TEST_F(ConfigFile, HundredMegabytesAreRefusedWithoutReadingThem) {
  const std::string path = file("");
  ASSERT_EQ(truncate(path.c_str(), 100'000'000), 0);
  EXPECT_THAT(error_of(path), HasSubstr("more than 1 MiB"));
}

TEST_F(ConfigFile, ExactlyOneMebibyteIsRead) {
  const auto read = read_config_file(file(std::string(kConfigMaxBytes, '#')));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read.value().size(), kConfigMaxBytes);
  EXPECT_THAT(error_of(file(std::string(kConfigMaxBytes + 1, '#'))), HasSubstr("more than 1 MiB"));
}

TEST_F(ConfigFile, SealedMemfdIsRead) {
  const UniqueFd memory(memfd_create("config", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_TRUE(memory.valid());
  ASSERT_EQ(write(memory.get(), "abc", 3), 3);
  ASSERT_EQ(fcntl(memory.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL), 0);
  const auto read = read_config_file("/proc/self/fd/" + std::to_string(memory.get()));
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read.value(), "abc");
}

TEST_F(ConfigFile, TheWorkingDirectoryComesBeforeEtc) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(directory_.path());
  EXPECT_EQ(default_config_path(), "/etc/sutra-agent/agent-config.toml");
  file("");
  EXPECT_EQ(default_config_path(), "./agent-config.toml");
  std::filesystem::current_path(before);
}

}  // namespace
}  // namespace sutra
