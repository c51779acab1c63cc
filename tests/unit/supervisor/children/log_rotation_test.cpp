#include "supervisor/children/log_rotation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/support/fake_starter.h"
#include "tests/support/temporary_directory.h"

namespace sutra::supervisor {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class LogRotationTest : public ::testing::Test {
 protected:
  void write_log(const std::string& node, std::size_t bytes) const {
    std::ofstream(directory_.path() + "/" + node + ".log") << std::string(bytes, 'x');
  }
  static constexpr std::size_t kMegabyte = std::size_t{1024} * 1024;

  test::TemporaryDirectory directory_;
  FakeStarter starter_;
  LogRotation rotation_{starter_, directory_.path(), directory_.path(), 1};
};

TEST_F(LogRotationTest, LeavesLogsOfTheAllowedSizeAlone) {
  write_log("a", kMegabyte);
  rotation_.look({"a"});
  EXPECT_EQ(starter_.asked, 0);
}

TEST_F(LogRotationTest, StartsOneRotationForALogThatIsTooLarge) {
  write_log("a", kMegabyte + 1);
  rotation_.look({"a"});
  rotation_.look({"a"});
  ASSERT_EQ(starter_.asked, 1) << "the first one still runs";
  EXPECT_TRUE(rotation_.owns_pid(starter_.last().pid));
  starter_.end_last(exited(0));
  EXPECT_FALSE(rotation_.owns_pid(starter_.last().pid));
  rotation_.look({"a"});
  EXPECT_EQ(starter_.asked, 2);
}

TEST_F(LogRotationTest, LeavesFilesOfOtherProgramsAlone) {
  write_log("stranger", kMegabyte + 1);
  rotation_.look({"a"});
  EXPECT_EQ(starter_.asked, 0);
}

TEST_F(LogRotationTest, AFailureIsLoggedOnceUntilItWorksAgain) {
  write_log("a", kMegabyte + 1);
  const auto log_of = [this](int code) {
    ::testing::internal::CaptureStderr();
    rotation_.look({"a"});
    starter_.end_last(exited(code));
    return ::testing::internal::GetCapturedStderr();
  };
  EXPECT_THAT(log_of(1), HasSubstr("logrotate exited with code 1"));
  EXPECT_THAT(log_of(1), IsEmpty());
  EXPECT_THAT(log_of(0), IsEmpty());
  EXPECT_THAT(log_of(1), HasSubstr("logrotate exited with code 1"));
}

}  // namespace
}  // namespace sutra::supervisor
