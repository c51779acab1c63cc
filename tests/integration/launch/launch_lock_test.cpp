#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "supervisor/host/lock_holder.h"
#include "tests/integration/launch_test.h"
#include "tests/support/eventually.h"
#include "tests/support/files.h"

namespace sutra::supervisor {

using namespace test;
namespace {

class LaunchLock : public LaunchTest {
 protected:
  void SetUp() override {
    LaunchTest::SetUp();
    ASSERT_EQ(::mkdir(data_path().c_str(), 0750), 0);
    data_.reset(::open(data_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  std::string data_path() { return directory_ / "data"; }
  LaunchPlan locking(const std::string& script) {
    LaunchPlan wanted = shell(script);
    wanted.flags |= launch::kLockDirectory | launch::kChangeDirectory;
    wanted.directory_fd = data_.get();
    return wanted;
  }
  bool is_free() {
    const UniqueFd own(::open(data_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return ::flock(own.get(), LOCK_EX | LOCK_NB) == 0;
  }
  UniqueFd data_;
};

TEST_F(LaunchLock, SecondLaunchFailsAtTheLockWhileTheFirstLives) {
  Running first = launch(locking("exec sleep 600"));
  ASSERT_EQ(first.go().progress, LaunchProgress::kExeced);
  const LaunchReport report = failure_of(locking("exec sleep 600"));
  EXPECT_EQ(report.stage, launch::kStageLock);
  EXPECT_EQ(report.error, EWOULDBLOCK);
}

TEST_F(LaunchLock, LockHolderIsTheServer) {
  Running first = launch(locking("exec sleep 600"));
  ASSERT_EQ(first.go().progress, LaunchProgress::kExeced);
  EXPECT_EQ(lock_holder(data_), "pid " + std::to_string(first.launched.pid) + " (sleep)");
}

TEST_F(LaunchLock, GrandchildKeepsTheLockAfterTheServersDeath) {
  Running first = launch(locking("sleep 600 & echo $!; exec sleep 600"));
  ASSERT_EQ(first.go().progress, LaunchProgress::kExeced);
  ASSERT_TRUE(eventually([this] { return output().ends_with("\n"); }));
  const pid_t grandchild = std::stoi(output());
  const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, grandchild, 0U)));
  ASSERT_TRUE(send_signal(first.launched.pidfd, SIGKILL).ok());
  ASSERT_TRUE(first.wait());
  reap(first.launched.pidfd);
  EXPECT_FALSE(is_free());
  EXPECT_EQ(failure_of(locking("true")).stage, launch::kStageLock);
  ASSERT_TRUE(send_signal(pidfd, SIGKILL).ok());
  EXPECT_TRUE(eventually([this] { return is_free(); }));
}

TEST_F(LaunchLock, LockIsFreeAfterTheServersDeathWhileWeKeepTheDirectoryOpen) {
  (void)output_of(locking("true"));
  EXPECT_TRUE(is_free());
}

TEST_F(LaunchLock, DirectoryOfAnotherUserIsLockedWithThatUsersRights) {
  if (!is_root()) GTEST_SKIP() << "needs root";
  ASSERT_EQ(::chown(data_path().c_str(), kNobody, kNobody), 0);
  ASSERT_EQ(::chmod(data_path().c_str(), 0700), 0);
  LaunchPlan wanted = locking("echo $(pwd -P); touch mine");
  wanted.flags |= launch::kSetIds;
  wanted.uid = wanted.gid = kNobody;
  (void)output_of(wanted);
  EXPECT_TRUE(std::filesystem::exists(data_path() + "/mine"));
}

TEST_F(LaunchLock, UnreadableDirectoryIsReportedWithTheLockStageAndItsErrno) {
  if (!is_root()) GTEST_SKIP() << "needs root";
  ASSERT_EQ(::chmod(data_path().c_str(), 0711), 0);
  LaunchPlan wanted = locking("true");
  wanted.flags |= launch::kSetIds;
  wanted.uid = wanted.gid = kNobody;
  const LaunchReport report = failure_of(wanted);
  EXPECT_EQ(report.stage, launch::kStageLock);
  EXPECT_EQ(report.error, EACCES);
}

TEST_F(LaunchLock, WaitersAndLocksOfOtherFilesAreNotTakenForTheHolder) {
  const std::string locks =
      "1: FLOCK  ADVISORY  WRITE 111 00:1c:77 0 EOF\n"
      "1: -> FLOCK  ADVISORY  WRITE 222 00:1c:78 0 EOF\n"
      "2: POSIX  ADVISORY  WRITE 333 00:1c:78 0 EOF\n"
      "3: FLOCK  ADVISORY  WRITE 444 fe:1c:78 0 EOF\n"
      "4: FLOCK  ADVISORY  WRITE 555 00:1c:78 0 EOF\n";
  EXPECT_EQ(flock_holder(locks, makedev(0, 0x1c), 78), 555);
  EXPECT_EQ(flock_holder(locks, makedev(0, 0x1c), 79), std::nullopt);
}

}  // namespace
}  // namespace sutra::supervisor
