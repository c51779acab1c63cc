// Starts and ends launches, and reaps the orphans of a test. Tests only.
#pragma once
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/host/process.h"
#include "supervisor/launch/spawn.h"
#include "tests/support/eventually.h"
#include "tests/support/files.h"
#include "tests/support/temporary_directory.h"

namespace sutra::supervisor {

using namespace test;

/// ProcessTrees makes the test process a subreaper; this ends that and reaps, so that the next test gets no orphans of
/// this one.
inline void give_up_orphans() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

inline bool dead_by_deadline(const UniqueFd& pidfd) {
  pollfd dead{pidfd.get(), POLLIN, 0};
  return ::poll(&dead, 1, std::chrono::milliseconds(kDeadline).count()) == 1;
}

/// A launched program; killed and reaped at the end of the test.
struct Running {
  Launched launched;
  explicit Running(Launched l) : launched(std::move(l)) {}
  Running(Running&&) = default;
  Running& operator=(Running&&) = delete;
  ~Running() {
    if (!launched.pidfd) return;
    (void)send_signal(launched.pidfd, SIGKILL);
    if (dead_by_deadline(launched.pidfd)) reap(launched.pidfd);
  }
  /// Opens the gate and waits until it is exec'd or has failed.
  LaunchReport go() {
    (void)open_gate(launched);
    return settle();
  }
  LaunchReport settle() {
    LaunchReport seen;
    (void)eventually(
        [&] { return (seen = read_report(launched.report, seen)).progress != LaunchProgress::kPending; });
    return seen;
  }
  std::optional<core::Exit> wait() {
    if (!dead_by_deadline(launched.pidfd)) return std::nullopt;
    const auto ended = peek_exit(launched.pidfd);
    return ended ? std::optional(ended->exit) : std::nullopt;
  }
};

class LaunchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    give_up_orphans();  // of an earlier test
    auto opened = Launcher::open(SUTRA_LAUNCHER);
    ASSERT_TRUE(opened.ok()) << opened.error().message();
    launcher_ = std::move(opened).value();
    log_.reset(::open((directory_ / "out").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  }

  LaunchPlan plan(const std::string& program, std::vector<std::string> arguments = {}) {
    LaunchPlan plan;
    plan.program = program;
    plan.arguments = {program};
    plan.arguments.insert(plan.arguments.end(), arguments.begin(), arguments.end());
    plan.environment = {"PATH=/usr/bin:/bin"};
    plan.flags = launch::kRedirectOutput | launch::kNewSession;
    plan.log_fd = log_.get();
    return plan;
  }
  LaunchPlan shell(const std::string& script) { return plan("/bin/sh", {"-c", script}); }

  Running launch(const LaunchPlan& wanted) {
    auto launched = launcher_->launch(wanted);
    EXPECT_TRUE(launched.ok()) << launched.error().message();
    return Running(launched ? std::move(launched).value() : Launched{});
  }

  /// Launches, waits for its end, and returns what it printed.
  std::string output_of(const LaunchPlan& wanted) {
    Running running = launch(wanted);
    const LaunchReport report = running.go();
    EXPECT_EQ(report.progress, LaunchProgress::kExeced)
        << launch_error(report, subject_of(wanted, {})).message();
    EXPECT_TRUE(running.wait());
    return output();
  }
  std::string output() { return slurp(directory_ / "out"); }

  LaunchReport failure_of(const LaunchPlan& wanted) {
    Running running = launch(wanted);
    const LaunchReport report = running.go();
    EXPECT_EQ(report.progress, LaunchProgress::kFailed);
    const auto exit = running.wait();
    EXPECT_TRUE(exit && exit->cause == core::ExitCause::kExit && exit->code == launch::kExitFailed);
    return report;
  }

  TemporaryDirectory directory_;
  UniqueFd log_;
  std::unique_ptr<Launcher> launcher_;
};

}  // namespace sutra::supervisor
