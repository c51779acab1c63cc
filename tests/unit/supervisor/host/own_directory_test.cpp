#include "supervisor/host/own_directory.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/support/files.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/supervisor/ledger/faults.h"

namespace sutra::supervisor {

using namespace test;
namespace {

using testing::Call;
using ::testing::HasSubstr;

class OwnDirectory : public ::testing::Test {
 protected:
  void TearDown() override { testing::no_faults(); }
  static mode_t mode_of(const std::string& path) {
    struct stat found {};
    return ::stat(path.c_str(), &found) == 0 ? found.st_mode & 07777U : 0;
  }
  TemporaryDirectory top_;
};

TEST_F(OwnDirectory, IsMadeWithItsModeUnderAnyUmaskAndNotChangedIfItExists) {
  const mode_t before = ::umask(0077);
  const Status made = make_own_directory(top_ / "x/y/z", 0755);
  ::umask(before);
  ASSERT_TRUE(made) << made.error().message();
  for (const char* name : {"x", "x/y", "x/y/z"}) EXPECT_EQ(mode_of(top_ / name), 0755U) << name;
  ASSERT_TRUE(make_own_directory(top_ / "x/y/z", 0700));
  EXPECT_EQ(mode_of(top_ / "x/y/z"), 0755U);
  ASSERT_TRUE(make_own_directory(top_ / "x/n", 0700));
  EXPECT_EQ(mode_of(top_ / "x/n"), 0700U);
  EXPECT_TRUE(make_own_directory("/", 0700));
}

TEST_F(OwnDirectory, AFileInItsPathIsNamed) {
  spit(top_ / "f", "");
  for (const char* name : {"f", "f/g"}) {
    const Status made = make_own_directory(top_ / name, 0700);
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().message(),
                HasSubstr("make directory " + (top_ / "f") + ": it exists, but it is not a directory"));
  }
}

TEST_F(OwnDirectory, SymlinksAreFollowed) {
  ASSERT_TRUE(make_own_directory(top_ / "real", 0755));
  ASSERT_EQ(::symlink("real", (top_ / "link").c_str()), 0);
  ASSERT_TRUE(make_own_directory(top_ / "link/a", 0755));
  EXPECT_EQ(mode_of(top_ / "real/a"), 0755U);
}

TEST_F(OwnDirectory, EachDirectoryIsSyncedBeforeTheNextIsMade) {
  for (const int step : {1, 2}) {
    testing::fail_at(Call::kFsync, step, EIO);
    const Status made = make_own_directory(top_ / "x/y", 0755, Durability::kSynced);
    ASSERT_FALSE(made) << step;
    EXPECT_THAT(made.error().message(), HasSubstr("Input/output error; check the disk below " + top_.path()));
    EXPECT_EQ(mode_of(top_ / "x"), step == 1 ? 0U : 0755U) << "one that could not be synced is taken back";
    EXPECT_EQ(mode_of(top_ / "x/y"), 0U);
    std::filesystem::remove_all(top_ / "x");
  }
  testing::fail_at(Call::kFsync, 3, EIO);
  EXPECT_TRUE(make_own_directory(top_ / "x/y", 0755, Durability::kSynced)) << "one sync a directory";
  testing::fail_at(Call::kFsync, 1, EIO);
  EXPECT_TRUE(make_own_directory(top_ / "x/y/z", 0755)) << "no sync unless asked for";
}

TEST_F(OwnDirectory, AFullDiskNamesTheDirectoryAbove) {
  testing::fail_at(Call::kMkdir, 1, ENOSPC);
  const Status made = make_own_directory(top_ / "x", 0755);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message(),
            "make directory " + (top_ / "x") +
                ": No space left on device; free space (or inodes) on the file system of " + top_.path());
}

TEST(DirectoryOf, IsThePathWithoutItsLastName) {
  EXPECT_EQ(directory_of("/a/b"), "/a");
  EXPECT_EQ(directory_of("/a"), "/");
  EXPECT_EQ(directory_of("a"), ".");
}

}  // namespace
}  // namespace sutra::supervisor
