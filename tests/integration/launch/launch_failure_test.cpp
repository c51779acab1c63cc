#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/integration/launch_test.h"
#include "tests/support/files.h"
#include "tests/support/in_child.h"

namespace sutra::supervisor {

using namespace test;
namespace {

class LaunchFailure : public LaunchTest {
 protected:
  void expect(const LaunchPlan& wanted, launch::Stage stage, int error, const std::string& words,
              const std::string& directory = {}) {
    const LaunchReport report = failure_of(wanted);
    EXPECT_EQ(report.stage, stage);
    EXPECT_EQ(report.error, error);
    const std::string message =
        launch_error(report, subject_of(wanted, "set storage.binary_path", directory)).message();
    EXPECT_NE(message.find(words), std::string::npos) << message;
    const bool names_its_object = message.find(wanted.program) != std::string::npos ||
                                  (!directory.empty() && message.find(directory) != std::string::npos);
    EXPECT_TRUE(names_its_object) << message;
  }
};

TEST_F(LaunchFailure, MissingProgramIsNamedWithTheKeyToSet) {
  expect(plan(directory_ / "missing"), launch::kStageExec, ENOENT,
         "No such file or directory; set storage.binary_path");
}

TEST_F(LaunchFailure, ProgramWithoutTheExecuteBitSaysChmod) {
  spit(directory_ / "plain", "#!/bin/sh\n", 0644);
  expect(plan(directory_ / "plain"), launch::kStageExec, EACCES, "chmod 755");
}

TEST_F(LaunchFailure, DirectoryInsteadOfAProgramIsReportedAsADirectory) {
  expect(plan(directory_.path()), launch::kStageExec, EACCES, "it is a directory");
}

TEST_F(LaunchFailure, TruncatedProgramIsReportedAsThat) {
  spit(directory_ / "cut", slurp("/bin/true").substr(0, 64), 0755);
  expect(plan(directory_ / "cut"), launch::kStageExec, ENOEXEC, "truncated");
}

TEST_F(LaunchFailure, ScriptWithAMissingInterpreterIsReportedAsThat) {
  spit(directory_ / "script", "#!/no/such/interpreter\n", 0755);
  expect(plan(directory_ / "script"), launch::kStageExec, ENOENT, "interpreter");
}

TEST_F(LaunchFailure, PathThroughAFileIsNotADirectory) {
  expect(plan("/bin/sh/x"), launch::kStageExec, ENOTDIR, "Not a directory");
}

TEST_F(LaunchFailure, ForeignUserThatMayNotExecuteItIsNamed) {
  if (!is_root()) GTEST_SKIP() << "needs root";
  spit(directory_ / "private", "#!/bin/sh\n", 0700);
  LaunchPlan wanted = plan(directory_ / "private");
  wanted.flags |= launch::kSetIds;
  wanted.uid = wanted.gid = kNobody;
  expect(wanted, launch::kStageExec, EACCES, "uid 65534 must be able to execute it");
}

TEST_F(LaunchFailure, RefusedResourceLimitIsReportedWithItsStage) {
  LaunchPlan wanted = plan("/bin/true");
  wanted.limits = {{RLIMIT_NOFILE, 0, 100, 50}};
  expect(wanted, launch::kStageLimits, EINVAL, "resource limits");
}

TEST_F(LaunchFailure, OomScoreOutOfRangeIsReportedWithItsStage) {
  LaunchPlan wanted = plan("/bin/true");
  wanted.oom_score_adj = 5000;
  expect(wanted, launch::kStageOom, EINVAL, "oom_score_adj");
}

TEST_F(LaunchFailure, ChangeOfUserWithoutTheRightIsReportedWithItsStage) {
  if (!is_root()) GTEST_SKIP() << "needs root";
  // A child of the test drops its privileges first.
  EXPECT_EQ(in_child([this] {
              if (::setresuid(kNobody, kNobody, kNobody) != 0) return 2;
              LaunchPlan wanted = plan("/bin/true");
              wanted.flags |= launch::kSetIds;
              auto launched = launcher_->launch(wanted);
              if (!launched) return 3;
              Running running(std::move(launched).value());
              const LaunchReport report = running.go();
              return report.stage == launch::kStageIds && report.error == EPERM ? 0 : 4;
            }),
            0);
}

TEST_F(LaunchFailure, DirectoryThatTheUserMayNotEnterIsReportedWithItsStage) {
  if (!is_root()) GTEST_SKIP() << "needs root";
  ASSERT_EQ(::mkdir((directory_ / "data").c_str(), 0700), 0);
  const UniqueFd data(::open((directory_ / "data").c_str(), O_PATH | O_CLOEXEC));
  LaunchPlan wanted = plan("/bin/true");
  wanted.flags |= launch::kSetIds | launch::kChangeDirectory;
  wanted.uid = wanted.gid = kNobody;
  wanted.directory_fd = data.get();
  expect(wanted, launch::kStageDirectory, EACCES, "enter data directory", directory_ / "data");
}

TEST_F(LaunchFailure, LauncherOfAnotherParentDoesNotStart) {
  // Launched by a child of the process that the launcher was opened in: its parent is not the one in the
  // spec.
  EXPECT_EQ(in_child([this] {
              LaunchPlan wanted = plan("/bin/true");
              wanted.flags |= launch::kDieWithParent;
              auto launched = launcher_->launch(wanted);
              if (!launched) return 3;
              Running running(std::move(launched).value());
              const LaunchReport report = running.go();
              return report.stage == launch::kStageParent && report.error == ESRCH ? 0 : 4;
            }),
            0);
}

TEST_F(LaunchFailure, KilledLauncherIsReportedAsDeadAndNotAsExeced) {
  Running running = launch(plan("/bin/true"));
  ASSERT_TRUE(send_signal(running.launched.pidfd, SIGKILL).ok());
  const LaunchReport report = running.settle();
  EXPECT_EQ(report.progress, LaunchProgress::kDied);
  EXPECT_NE(launch_error(report, subject_of(plan("/bin/true"), {})).message().find("launcher died"),
            std::string::npos);
}

TEST_F(LaunchFailure, PlanThatDoesNotFitIsRefusedBeforeAnythingStarts) {
  LaunchPlan relative = plan("bin/true");
  EXPECT_NE(launcher_->launch(relative).error().message().find("not absolute"), std::string::npos);
}

TEST(LaunchOpen, MissingLauncherIsNamed) {
  const auto opened = Launcher::open("/no/such/launcher");
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message().find("open /no/such/launcher: No such file or directory; reinstall"),
            std::string::npos);
}

TEST(LaunchOpen, SlotThatThisProcessOpenedItselfIsAnErrorAndStaysOpen) {
  const UniqueFd early(::fcntl(2, F_DUPFD_CLOEXEC, 6));
  ASSERT_EQ(early.get(), 6);
  const auto opened = Launcher::open(SUTRA_LAUNCHER);
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message().find("descriptor 6"), std::string::npos);
  EXPECT_GE(::fcntl(6, F_GETFD), 0);
}

}  // namespace
}  // namespace sutra::supervisor
