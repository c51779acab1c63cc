#include "supervisor/host/directories.h"

#include <sys/mount.h>
#include <sys/stat.h>

#include <sched.h>

#include "tests/support/files.h"
#include "tests/support/in_child.h"
#include "tests/support/temporary_directory.h"

namespace sutra::supervisor {

using namespace test;
namespace {

class DataDirectory : public ::testing::Test {
 protected:
  [[nodiscard]] std::string root() const { return top_ / "data"; }
  static Owner ours() { return {::geteuid(), ::getegid()}; }
  static struct stat look(const std::string& path) {
    struct stat found {};
    EXPECT_EQ(::lstat(path.c_str(), &found), 0) << path;
    return found;
  }
  static std::string fault(const std::string& root, const std::string& path, Owner owner) {
    const auto opened = open_data_directory(root, path, owner);
    return opened.ok() ? "opened" : opened.error().message();
  }
  TemporaryDirectory top_;
};

TEST_F(DataDirectory, MakesRootAndDirectoryWithTheirModesUnderAnyUmask) {
  const mode_t before = ::umask(0077);
  const auto opened = open_data_directory(root(), root() + "/n1", ours());
  ::umask(before);
  ASSERT_TRUE(opened.ok()) << opened.error().message();
  EXPECT_EQ(look(root()).st_mode & 07777, 0755U);
  EXPECT_EQ(look(root() + "/n1").st_mode & 07777, 0750U);
  struct stat held {};
  ASSERT_EQ(::fstat(opened.value().get(), &held), 0);
  EXPECT_EQ(held.st_ino, look(root() + "/n1").st_ino);
  EXPECT_EQ(::fcntl(opened.value().get(), F_GETFD), FD_CLOEXEC);
}

TEST_F(DataDirectory, ChangesTheOwnerOfTheLastOneOnly) {
  if (!is_root()) GTEST_SKIP() << "needs root";
  ASSERT_TRUE(open_data_directory(root(), root() + "/a/b", {kNobody, kNobody}).ok());
  EXPECT_EQ(look(root()).st_uid, 0U);
  EXPECT_EQ(look(root() + "/a").st_uid, 0U);
  EXPECT_EQ(look(root() + "/a").st_mode & 07777, 0755U);
  EXPECT_EQ(look(root() + "/a/b").st_uid, kNobody);
  EXPECT_EQ(look(root() + "/a/b").st_gid, kNobody);
}

TEST_F(DataDirectory, WorksWithoutRightsOverOthersFiles) {
  if (!is_root()) GTEST_SKIP() << "needs root";
  // As under systemd: root, of all capabilities only CAP_CHOWN.
  EXPECT_EQ(in_child([this] {
              struct {
                unsigned version;
                int pid;
              } header{0x20080522, 0};
              const unsigned chown_only[6] = {1, 1, 0, 0, 0, 0};
              if (::syscall(SYS_capset, &header, chown_only) != 0) return 2;
              for (int i = 0; i < 2; ++i) {
                if (!open_data_directory(root(), root() + "/a/b", {kNobody, kNobody}).ok()) return 3 + i;
              }
              return 0;
            }),
            0);
}

TEST_F(DataDirectory, OpensAnExistingOneAndChangesNothing) {
  ASSERT_TRUE(open_data_directory(root(), root() + "/n1", ours()).ok());
  ASSERT_EQ(::chmod((root() + "/n1").c_str(), 0700), 0);
  EXPECT_TRUE(open_data_directory(root(), root() + "/n1", ours()).ok());
  EXPECT_EQ(look(root() + "/n1").st_mode & 07777, 0700U);
}

TEST_F(DataDirectory, DirectoryOfAnotherOwnerNamesTheChown) {
  ASSERT_TRUE(open_data_directory(root(), root() + "/n1", ours()).ok());
  const std::string uid = std::to_string(::geteuid());
  const std::string text = fault(root(), root() + "/n1", {107, 108});
  EXPECT_NE(text.find("owned by uid " + uid + ", but the node runs as uid 107; run: chown -R 107:108 " +
                      root() + "/n1"),
            std::string::npos)
      << text;
  EXPECT_EQ(look(root() + "/n1").st_uid, ::geteuid());
  EXPECT_FALSE(check_data_directory(root(), root() + "/n1", {107, 108}).ok());
}

TEST_F(DataDirectory, SymlinksBeneathTheRootAreRefusedWhereverTheyPoint) {
  ASSERT_TRUE(open_data_directory(root(), root() + "/real/n", ours()).ok());
  ASSERT_EQ(::symlink("real", (root() + "/link").c_str()), 0);
  ASSERT_EQ(::symlink("/etc", (root() + "/out").c_str()), 0);
  for (const char* path : {"/link", "/link/n", "/out", "/out/new"}) {
    EXPECT_NE(fault(root(), root() + path, ours()).find("it is a symbolic link; "), std::string::npos)
        << path;
    EXPECT_FALSE(check_data_directory(root(), root() + path, ours()).ok()) << path;
  }
  EXPECT_FALSE(std::filesystem::exists("/etc/new"));
}

TEST_F(DataDirectory, RootMayBeReachedThroughASymlink) {
  ASSERT_EQ(::mkdir((top_ / "elsewhere").c_str(), 0755), 0);
  ASSERT_EQ(::symlink("elsewhere", root().c_str()), 0);
  EXPECT_TRUE(open_data_directory(root(), root() + "/n", ours()).ok());
  EXPECT_TRUE(std::filesystem::exists(top_ / "elsewhere/n"));
}

TEST_F(DataDirectory, FileInThePlaceOfADirectoryIsNamed) {
  ASSERT_EQ(::mkdir(root().c_str(), 0755), 0);
  spit(root() + "/file", "");
  for (const char* path : {"/file", "/file/n"}) {
    const std::string text = fault(root(), root() + path, ours());
    EXPECT_NE(text.find(root() + "/file: it exists, but it is not a directory"), std::string::npos) << text;
  }
  spit(top_ / "rootfile", "");
  EXPECT_NE(fault(top_ / "rootfile", top_ / "rootfile/n", ours()).find("not a directory"), std::string::npos);
}

TEST_F(DataDirectory, PathsOutsideOfTheRootAreRefused) {
  for (const std::string& path : {root(), root() + "/", root() + "x/n", root() + "/../n", root() + "/a//b",
                                  root() + "/./a", std::string("n"), std::string("/etc")}) {
    EXPECT_NE(fault(root(), path, ours()).find("it is not beneath"), std::string::npos) << path;
    EXPECT_FALSE(check_data_directory(root(), path, ours()).ok()) << path;
  }
  EXPECT_FALSE(std::filesystem::exists(root()));
}

TEST_F(DataDirectory, CheckMakesNothingAndAcceptsWhatIsMissing) {
  EXPECT_TRUE(check_data_directory(root(), root() + "/a/b", ours()).ok());
  EXPECT_FALSE(std::filesystem::exists(root()));
}

TEST_F(DataDirectory, FailureRemovesWhatThisCallMade) {
  if (!is_root()) GTEST_SKIP() << "needs root";
  ASSERT_EQ(::mkdir(root().c_str(), 0755), 0);
  // A supervisor without CAP_CHOWN makes a/b but cannot change its owner.
  EXPECT_EQ(in_child([this] {
              struct {
                unsigned version;
                int pid;
              } header{0x20080522, 0};
              const unsigned none[6] = {};
              if (::syscall(SYS_capset, &header, none) != 0) return 2;
              const auto opened = open_data_directory(root(), root() + "/a/b", {kNobody, kNobody});
              if (opened.ok() || opened.error().errnum != EPERM) return 3;
              return opened.error().message().find("CAP_CHOWN") == std::string::npos ? 4 : 0;
            }),
            0);
  EXPECT_TRUE(std::filesystem::is_empty(root()));
}

TEST_F(DataDirectory, RootThatWeMayNotWriteSaysSo) {
  if (!is_root()) GTEST_SKIP() << "needs root";
  ASSERT_EQ(::mkdir(root().c_str(), 0755), 0);
  EXPECT_EQ(in_child([this] {
              if (::setresuid(kNobody, kNobody, kNobody) != 0) return 2;
              const auto opened = open_data_directory(root(), root() + "/n", {kNobody, kNobody});
              if (opened.ok() || opened.error().errnum != EACCES) return 3;
              return opened.error().message().find("make " + root() + "/n yourself") == std::string::npos ? 4
                                                                                                          : 0;
            }),
            0);
}

TEST_F(DataDirectory, ReadOnlyFileSystemNamesTheDropIn) {
  if (!is_root()) GTEST_SKIP() << "needs root";
  ASSERT_EQ(::mkdir(root().c_str(), 0755), 0);
  const int status = in_child([this] {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
      return 77;
    if (::mount("none", root().c_str(), "tmpfs", MS_RDONLY, nullptr) != 0) return 77;
    const auto opened = open_data_directory(root(), root() + "/n", ours());
    if (opened.ok() || opened.error().errnum != EROFS) return 3;
    return opened.error().message().find("ReadWritePaths=" + root() + "/n") == std::string::npos ? 4 : 0;
  });
  if (status == 77) GTEST_SKIP() << "no mount namespaces here";
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace sutra::supervisor
