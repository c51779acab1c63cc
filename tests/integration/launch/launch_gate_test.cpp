#include <sys/stat.h>

#include "tests/integration/launch_test.h"
#include "tests/support/eventually.h"
#include "tests/support/files.h"
#include "tests/support/in_child.h"

namespace sutra::supervisor {

using namespace test;
namespace {

class LaunchGate : public LaunchTest {};

TEST_F(LaunchGate, ClosedGateMeansThatNothingIsExeced) {
  Running running = launch(shell("touch " + (directory_ / "ran")));
  running.launched.gate.reset();
  const auto exit = running.wait();
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->cause, core::ExitCause::kExit);
  EXPECT_EQ(exit->code, launch::kExitGateClosed);
  EXPECT_EQ(running.settle().progress, LaunchProgress::kDied);
  EXPECT_FALSE(std::filesystem::exists(directory_ / "ran"));
}

TEST_F(LaunchGate, NothingIsExecedWhileTheGateIsClosed) {
  Running running = launch(shell("exit 7"));
  LaunchReport report = read_report(running.launched.report, {});
  EXPECT_EQ(report.progress, LaunchProgress::kPending);
  EXPECT_FALSE(report.about_to_exec);
  EXPECT_FALSE(peek_exit(running.launched.pidfd));
  EXPECT_EQ(running.go().progress, LaunchProgress::kExeced);
  const auto exit = running.wait();
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 7);
}

TEST_F(LaunchGate, OpeningTheGateOfADeadLauncherIsAnErrorAndNotASignal) {
  Running running = launch(plan("/bin/true"));
  ASSERT_TRUE(send_signal(running.launched.pidfd, SIGKILL).ok());
  ASSERT_TRUE(running.wait());
  const Status opened = open_gate(running.launched);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().errnum, EPIPE);
}

TEST_F(LaunchGate, SupervisorThatDiesAtTheGateLeavesNothing) {
  // The child acts as supervisor: it launches, reports the pid, and dies while the gate is closed.
  int pipe_fds[2];
  ASSERT_EQ(::pipe2(pipe_fds, O_CLOEXEC), 0);
  const UniqueFd from(pipe_fds[0]), to(pipe_fds[1]);
  in_child([&] {
    auto launched = launcher_->launch(shell("touch " + (directory_ / "ran")));
    if (!launched) return 1;
    const pid_t pid = launched.value().pid;
    (void)!::write(to.get(), &pid, sizeof pid);
    ::kill(::getpid(), SIGKILL);
    return 2;
  });
  pid_t pid = 0;
  ASSERT_EQ(::read(from.get(), &pid, sizeof pid), static_cast<ssize_t>(sizeof pid));
  EXPECT_TRUE(eventually([&] {
    return !start_time_ns(pid) ||
           slurp("/proc/" + std::to_string(pid) + "/stat").find(") Z") != std::string::npos;
  }));
  EXPECT_FALSE(std::filesystem::exists(directory_ / "ran"));
}

class LaunchMark : public LaunchTest {
 protected:
  /// The plan with a mark, in the file "mark".
  LaunchPlan marked(LaunchPlan wanted) {
    mark_.reset(::open((directory_ / "mark").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    wanted.flags |= launch::kMarkExec;
    wanted.extra_fds[0] = mark_.get();
    return wanted;
  }
  std::string mark() { return slurp(directory_ / "mark"); }
  UniqueFd mark_;
};

TEST_F(LaunchMark, AProgramThatRunsIsMarkedAndDoesNotInheritTheMark) {
  Running running = launch(marked(shell("ls /proc/self/fd | wc -l")));
  EXPECT_EQ(mark(), "") << "the gate is closed";
  EXPECT_EQ(running.go().progress, LaunchProgress::kExeced);
  ASSERT_TRUE(running.wait());
  EXPECT_EQ(mark(), "x");
  EXPECT_EQ(output(), "4\n") << "stdin, stdout, stderr and the directory that ls reads";
}

TEST_F(LaunchMark, AProgramThatCannotBeExecutedIsNotMarked) {
  Running running = launch(marked(plan("/no/such/program")));
  EXPECT_EQ(running.go().progress, LaunchProgress::kFailed);
  ASSERT_TRUE(running.wait());
  EXPECT_EQ(mark(), "");
}

TEST_F(LaunchMark, ALauncherThatCannotReportIsNotMarked) {
  Running running = launch(marked(shell("touch " + (directory_ / "ran"))));
  running.launched.report.reset();  // as if the supervisor died just after it opened the gate
  (void)open_gate(running.launched);
  ASSERT_TRUE(running.wait());
  EXPECT_EQ(mark(), "");
  EXPECT_FALSE(std::filesystem::exists(directory_ / "ran"));
}

class LaunchDieWithParent : public LaunchTest {
 protected:
  /// A separate supervisor launches a process with kDieWithParent and is killed. Returns whether the process is gone.
  void expect_death(bool change_user) {
    launcher_.reset();
    int pipe_fds[2];
    ASSERT_EQ(::pipe2(pipe_fds, O_CLOEXEC), 0);
    const UniqueFd from(::fcntl(pipe_fds[0], F_DUPFD_CLOEXEC, 20)),
        to(::fcntl(pipe_fds[1], F_DUPFD_CLOEXEC, 20));
    ::close(pipe_fds[0]);
    ::close(pipe_fds[1]);
    log_.reset(::fcntl(log_.get(), F_DUPFD_CLOEXEC, 20));
    const int status = in_child([&] {
      auto launcher = Launcher::open(SUTRA_LAUNCHER);
      if (!launcher) return 1;
      LaunchPlan wanted = shell("exec sleep 600");
      wanted.flags |= launch::kDieWithParent | (change_user ? launch::kSetIds : 0U);
      wanted.uid = wanted.gid = kNobody;
      auto launched = launcher.value()->launch(wanted);
      if (!launched) return 2;
      (void)open_gate(launched.value());
      LaunchReport report;
      if (!eventually([&] {
            return (report = read_report(launched.value().report, report)).progress !=
                   LaunchProgress::kPending;
          }))
        return 3;
      if (report.progress != LaunchProgress::kExeced) return 4;
      const ProcessIdentity identity = identify(launched.value().pid, launched.value().pidfd);
      (void)!::write(to.get(), &identity.pid, sizeof identity.pid);
      (void)!::write(to.get(), &identity.stamp_ns, sizeof identity.stamp_ns);
      ::kill(::getpid(), SIGKILL);
      return 5;
    });
    ASSERT_EQ(status, 128 + SIGKILL);
    ProcessIdentity identity;
    ASSERT_EQ(::read(from.get(), &identity.pid, sizeof identity.pid),
              static_cast<ssize_t>(sizeof identity.pid));
    ASSERT_EQ(::read(from.get(), &identity.stamp_ns, sizeof identity.stamp_ns), 8);
    const auto pidfd = reopen(identity);
    if (pidfd) {
      const bool died = dead_by_deadline(*pidfd);
      EXPECT_TRUE(died);
      if (!died) (void)send_signal(*pidfd, SIGKILL);
    }
  }
};

TEST_F(LaunchDieWithParent, ProgramDiesWithTheSupervisor) { expect_death(false); }

TEST_F(LaunchDieWithParent, ProgramOfAnotherUserDiesToo) {
  if (!is_root()) GTEST_SKIP() << "needs root";
  expect_death(true);
}

}  // namespace
}  // namespace sutra::supervisor
