#include "supervisor/host/process.h"

#include <sys/prctl.h>
#include <sys/utsname.h>

#include <cstdio>

#include "tests/integration/launch_test.h"
#include "tests/support/eventually.h"
#include "tests/support/files.h"

namespace sutra::supervisor {

using namespace test;
namespace {

class ProcessTest : public LaunchTest {
 protected:
  Running sleeper() {
    Running running = launch(shell("exec sleep 600"));
    EXPECT_EQ(running.go().progress, LaunchProgress::kExeced);
    return running;
  }
};

TEST(StartTime, OfARunningProcessWithAHostileNameLiesBeforeNow) {
  char before[16] = {};
  ::prctl(PR_GET_NAME, before);
  ::prctl(PR_SET_NAME, "a) S 1 b (c");
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  const auto started = start_time_ns(::getpid());
  ::prctl(PR_SET_NAME, before);
  ASSERT_TRUE(started);
  const auto now_ns =
      static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
  EXPECT_LE(*started, now_ns);
  EXPECT_GT(*started + 600'000'000'000U, now_ns) << "this test runs for less than ten minutes";
}

TEST(BootId, IsTheKernelsWithoutTheNewline) {
  if (slurp("/proc/sys/kernel/random/boot_id").empty()) GTEST_SKIP() << "hidden here";
  EXPECT_EQ(boot_id() + "\n", slurp("/proc/sys/kernel/random/boot_id"));
}

TEST_F(ProcessTest, RecordedProcessIsFoundAgain) {
  Running running = sleeper();
  const auto again = reopen(identify(running.launched.pid, running.launched.pidfd));
  ASSERT_TRUE(again);
  ASSERT_TRUE(send_signal(*again, SIGKILL).ok());
  EXPECT_EQ(running.wait()->signal, SIGKILL);
}

TEST_F(ProcessTest, ProcessWithALaterStartTimeIsAnother) {
  Running running = sleeper();
  ProcessIdentity identity = identify(running.launched.pid, running.launched.pidfd);
  identity.stamp_ns = *start_time_ns(running.launched.pid) - 1;
  identity.pidfd_inode = 0;
  EXPECT_FALSE(reopen(identity));
}

TEST_F(ProcessTest, ProcessWithAnotherPidfdInodeIsAnother) {
  Running running = sleeper();
  ProcessIdentity identity = identify(running.launched.pid, running.launched.pidfd);
  if (identity.pidfd_inode == 0) GTEST_SKIP() << "this kernel's pidfds have no inodes of their own";
  ++identity.pidfd_inode;
  EXPECT_FALSE(reopen(identity));
}

TEST_F(ProcessTest, ProcessOfAnotherBootIsGone) {
  Running running = sleeper();
  ProcessIdentity identity = identify(running.launched.pid, running.launched.pidfd);
  identity.boot_id = "00000000-0000-4000-8000-000000000000";
  EXPECT_EQ(reopen(identity).has_value(), boot_id().empty());
}

TEST_F(ProcessTest, ProcessIsFoundThoughTheBootIdIsUnknown) {
  Running running = sleeper();
  ProcessIdentity identity = identify(running.launched.pid, running.launched.pidfd);
  identity.boot_id.clear();
  EXPECT_TRUE(reopen(identity));
}

TEST_F(ProcessTest, ReapedProcessIsGoneAndAZombieIsNot) {
  Running running = launch(shell("exit 3"));
  ASSERT_EQ(running.go().progress, LaunchProgress::kExeced);
  ASSERT_TRUE(running.wait());
  const ProcessIdentity identity = identify(running.launched.pid, running.launched.pidfd);
  const auto zombie = reopen(identity);
  ASSERT_TRUE(zombie);
  EXPECT_EQ(peek_exit(*zombie)->exit.code, 3);
  reap(running.launched.pidfd);
  EXPECT_FALSE(reopen(identity));
  EXPECT_FALSE(reopen(ProcessIdentity{}));
}

TEST_F(ProcessTest, PeekExitDoesNotReapAChild) {
  Running running = launch(shell("kill -USR1 $$"));
  (void)running.go();
  const auto exit = running.wait();
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->cause, core::ExitCause::kSignal);
  EXPECT_EQ(exit->signal, SIGUSR1);
  const auto again = peek_exit(running.launched.pidfd);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->child);
  EXPECT_EQ(again->exit.signal, SIGUSR1);
  reap(running.launched.pidfd);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
}

TEST_F(ProcessTest, SignallingADeadProcessSucceeds) {
  Running running = launch(plan("/bin/true"));
  (void)running.go();
  ASSERT_TRUE(running.wait());
  reap(running.launched.pidfd);
  EXPECT_TRUE(send_signal(running.launched.pidfd, SIGTERM).ok());
}

/// PIDFD_INFO_EXIT came with Linux 6.15.
bool kernel_tells_exit_of_others() {
  utsname kernel{};
  int major = 0, minor = 0;
  if (::uname(&kernel) != 0 || std::sscanf(kernel.release, "%d.%d", &major, &minor) != 2) return false;
  return major > 6 || (major == 6 && minor >= 15);
}

/// An adopted process as the supervisor sees it: a grandchild that was never a child of this process. Its parent reaps it.
class AdoptedProcess : public ProcessTest {
 protected:
  void SetUp() override {
    ProcessTest::SetUp();
    int pids[2];
    ASSERT_EQ(::pipe2(pids, O_CLOEXEC), 0);
    const UniqueFd from(pids[0]);
    UniqueFd to(pids[1]);
    ASSERT_EQ(::pipe2(hold_, 0), 0);
    parent_ = ::fork();
    ASSERT_GE(parent_, 0);
    if (parent_ == 0) {
      ::signal(SIGCHLD, SIG_DFL);
      const pid_t child = ::fork();
      if (child == 0) {
        char order = 0;
        ::close(hold_[1]);
        if (::read(hold_[0], &order, 1) != 1) ::_exit(99);
        if (order == 'k') ::kill(::getpid(), SIGKILL);
        ::_exit(order);
      }
      ::close(hold_[1]);
      (void)!::write(to.get(), &child, sizeof child);
      while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
      }
      ::_exit(0);
    }
    ::close(hold_[0]);
    pid_t grandchild = 0;
    ASSERT_EQ(::read(from.get(), &grandchild, sizeof grandchild), static_cast<ssize_t>(sizeof grandchild));
    pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, grandchild, 0U)));
    ASSERT_TRUE(pidfd_.valid());
  }
  void TearDown() override {
    ::close(hold_[1]);
    if (parent_ <= 0) return;
    ::kill(parent_, SIGCONT);
    ::waitpid(parent_, nullptr, 0);
  }
  void order(char what) { ASSERT_EQ(::write(hold_[1], &what, 1), 1); }
  /// Its exit, asked after its parent reaped it. The cause is unknown on a kernel that does not tell it.
  Ended how_it_ended() {
    EXPECT_TRUE(dead_by_deadline(pidfd_));
    ::waitpid(parent_, nullptr, 0);  // the parent exits after it reaped
    parent_ = -1;
    const auto ended = peek_exit(pidfd_);
    EXPECT_TRUE(ended);
    return ended.value_or(Ended());
  }

  int hold_[2] = {-1, -1};
  pid_t parent_ = -1;
  UniqueFd pidfd_;
};

TEST_F(AdoptedProcess, ALiveProcessHasNotEnded) { EXPECT_FALSE(peek_exit(pidfd_)); }

TEST_F(AdoptedProcess, TheExitCodeIsKnownWhereTheKernelTellsIt) {
  order(7);
  const Ended ended = how_it_ended();
  EXPECT_FALSE(ended.child);
  if (!kernel_tells_exit_of_others()) GTEST_SKIP() << "before Linux 6.15";
  EXPECT_EQ(ended.exit.cause, core::ExitCause::kExit);
  EXPECT_EQ(ended.exit.code, 7);
}

TEST_F(AdoptedProcess, TheSignalIsKnownWhereTheKernelTellsIt) {
  order('k');
  const Ended ended = how_it_ended();
  if (!kernel_tells_exit_of_others()) GTEST_SKIP() << "before Linux 6.15";
  EXPECT_EQ(ended.exit.cause, core::ExitCause::kSignal);
  EXPECT_EQ(ended.exit.signal, SIGKILL);
}

TEST_F(AdoptedProcess, AZombieHasAnUnknownCauseWithoutAWait) {
  ASSERT_EQ(::kill(parent_, SIGSTOP), 0);
  ASSERT_TRUE(eventually([this] {
    return slurp("/proc/" + std::to_string(parent_) + "/stat").find(") T") != std::string::npos;
  }));
  order(7);
  ASSERT_TRUE(dead_by_deadline(pidfd_));
  // It does not wait: each of a thousand calls takes less than a millisecond.
  std::optional<Ended> ended;
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 1000; ++i) ended = peek_exit(pidfd_);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(500));
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->exit.cause, core::ExitCause::kUnknown);
  reap(pidfd_);  // not a child of this process: no effect
}

}  // namespace
}  // namespace sutra::supervisor
