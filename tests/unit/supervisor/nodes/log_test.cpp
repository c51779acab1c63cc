#include <fcntl.h>
#include <sys/stat.h>

#include "supervisor/nodes/log.h"
#include "tests/support/files.h"
#include "tests/support/temporary_directory.h"

namespace sutra::supervisor {

using namespace test;
namespace {

class NodeLog : public ::testing::Test {
 protected:
  std::string fault() {
    const auto opened = open_node_log(directory_.path(), "n");
    return opened.ok() ? "opened" : opened.error().message();
  }
  std::string last(off_t from, unsigned lines, unsigned bytes) {
    return last_lines(directory_.path(), "n", from, lines, bytes);
  }
  TemporaryDirectory directory_;
};

TEST_F(NodeLog, IsCreatedPrivateAndAppendedTo) {
  const mode_t before = ::umask(0);
  const auto log = open_node_log(directory_.path(), "n");
  ::umask(before);
  ASSERT_TRUE(log.ok());
  struct stat made {};
  ASSERT_EQ(::stat((directory_ / "n.log").c_str(), &made), 0);
  EXPECT_EQ(made.st_mode & 07777, 0640U);
  const int flags = ::fcntl(log.value().get(), F_GETFL);
  EXPECT_NE(flags & O_APPEND, 0);
  EXPECT_EQ(flags & O_NONBLOCK, 0) << "the node must not be told EAGAIN";
  ASSERT_EQ(::write(log.value().get(), "one\n", 4), 4);
  const auto again = open_node_log(directory_.path(), "n");
  ASSERT_EQ(::write(again.value().get(), "two\n", 4), 4);
  EXPECT_EQ(slurp(directory_ / "n.log"), "one\ntwo\n");
  EXPECT_EQ(log_size(directory_.path(), "n"), 8);
}

TEST_F(NodeLog, OnlyARegularFileWithOneLinkIsAccepted) {
  ASSERT_EQ(::symlink("/etc/passwd", (directory_ / "n.log").c_str()), 0);
  EXPECT_NE(fault().find("remove"), std::string::npos);
  std::filesystem::remove(directory_ / "n.log");
  ASSERT_EQ(::mkfifo((directory_ / "n.log").c_str(), 0600), 0);
  EXPECT_NE(fault().find("regular file"), std::string::npos);
  std::filesystem::remove(directory_ / "n.log");
  ASSERT_EQ(::mkdir((directory_ / "n.log").c_str(), 0700), 0);
  EXPECT_NE(fault().find("regular file"), std::string::npos);
  std::filesystem::remove(directory_ / "n.log");
  spit(directory_ / "other", "");
  std::filesystem::create_hard_link(directory_ / "other", directory_ / "n.log");
  EXPECT_NE(fault().find("hard links"), std::string::npos);
}

TEST_F(NodeLog, DanglingSymlinkIsNotFollowedToMakeAFile) {
  ASSERT_EQ(::symlink((directory_ / "target").c_str(), (directory_ / "n.log").c_str()), 0);
  EXPECT_NE(fault(), "opened");
  EXPECT_FALSE(std::filesystem::exists(directory_ / "target"));
}

TEST_F(NodeLog, LastLinesAreThoseSinceTheGivenByte) {
  spit(directory_ / "n.log", "old\nnew 1\nnew 2\nnew 3");
  EXPECT_EQ(last(4, 10, 4096), "new 1\nnew 2\nnew 3");
  EXPECT_EQ(last(4, 2, 4096), "new 2\nnew 3");
  EXPECT_EQ(last(20, 10, 4096), "3");
  EXPECT_EQ(last(21, 10, 4096), "");
}

TEST_F(NodeLog, LastLinesBeginWithAWholeLine) {
  spit(directory_ / "n.log", "first line\nsecond\nthird\n");
  EXPECT_EQ(last(0, 10, 16), "second\nthird");
}

TEST_F(NodeLog, TruncatedLogIsReadFromItsStart) {
  spit(directory_ / "n.log", "after rotation\n");
  EXPECT_EQ(last(100000, 10, 4096), "after rotation");
}

TEST_F(NodeLog, ControlCharactersAreShownAndLongLinesCut) {
  spit(directory_ / "n.log", "\x1b[31mred\tx\r\n" + std::string(500, 'y') + "\n\n");
  EXPECT_EQ(last(0, 10, 4096), "\\x1b[31mred x\n" + std::string(200, 'y') + "...");
}

TEST_F(NodeLog, NothingIsReadFromAFileThatIsNotALog) {
  EXPECT_EQ(last(0, 10, 4096), "");
  EXPECT_EQ(log_size(directory_.path(), "n"), 0);
  ASSERT_EQ(::symlink("/etc/passwd", (directory_ / "n.log").c_str()), 0);
  EXPECT_EQ(last(0, 10, 4096), "");
  EXPECT_EQ(log_size(directory_.path(), "n"), 0);
}

}  // namespace
}  // namespace sutra::supervisor
