// What the launch tests share: a directory that goes away, waiting with a deadline, and a launch from start
// to end.
#pragma once
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/launch/spawn.h"
#include "supervisor/process.h"

namespace sutra::supervisor::test {

inline constexpr std::chrono::seconds kDeadline{20};
inline constexpr unsigned kNobody = 65534;

inline bool is_root() { return ::geteuid() == 0; }

/// True as soon as `condition` is; false when it is not by the deadline.
inline bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kDeadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    const timespec pause{0, 1'000'000};
    ::nanosleep(&pause, nullptr);
  }
  return true;
}

inline std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void spit(const std::string& path, const std::string& text, mode_t mode = 0644) {
  std::ofstream(path, std::ios::binary) << text;
  ASSERT_EQ(::chmod(path.c_str(), mode), 0);
}

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = std::filesystem::temp_directory_path() / "sutra-launch-XXXXXX";
    path_ = ::mkdtemp(name.data());
    ::chmod(path_.c_str(), 0755);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Runs `body` in a forked child and returns its exit status; 1000 + signal when it was killed.
inline int in_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/// Undoes what a process forest does to the test's own process: the next test has no orphans of this one.
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
    give_up_orphans();  // of a test before us
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
    EXPECT_EQ(report.progress, LaunchProgress::kExeced) << launch_error(report, subject_of(wanted, {})).message();
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

}  // namespace sutra::supervisor::test
