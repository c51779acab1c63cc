#include <sys/resource.h>

#include "tests/integration/launch_test.h"
#include "tests/support/files.h"
#include "tests/support/in_child.h"

namespace sutra::supervisor {

using namespace test;
namespace {

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

class LaunchResources : public LaunchTest {};

TEST_F(LaunchResources, FiveHundredCyclesLeaveNoDescriptorAndNoZombie) {
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 500; ++i) {
    Running running = launch(plan("/bin/true"));
    ASSERT_EQ(running.go().progress, LaunchProgress::kExeced);
    ASSERT_TRUE(running.wait());
  }
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "no child is left";
}

TEST_F(LaunchResources, LaunchWithTooFewDescriptorsFailsWithAdviceAndLeavesNothing) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const std::size_t baseline = open_descriptors();
  int failures = 0;
  for (rlim_t allowed = launch::kFirstClosed; allowed < 40; ++allowed) {
    const rlimit tight{allowed, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
    auto launched = launcher_->launch(plan("/bin/true"));
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    if (launched.ok()) {
      Running running(std::move(launched).value());
      break;
    }
    ++failures;
    EXPECT_EQ(launched.error().errnum, EMFILE);
    EXPECT_NE(launched.error().message().find("LimitNOFILE"), std::string::npos);
    EXPECT_EQ(open_descriptors(), baseline);
  }
  EXPECT_GE(failures, 3) << "the pipes and the pidfd were each refused once";
  EXPECT_EQ(open_descriptors(), baseline);
}

TEST_F(LaunchResources, RefusedProcessSaysWhichLimitToRaise) {
  if (!is_root()) GTEST_SKIP() << "needs root";
  EXPECT_EQ(in_child([this] {
              const rlimit none{0, 0};
              if (::setrlimit(RLIMIT_NPROC, &none) != 0 || ::setresuid(kNobody, kNobody, kNobody) != 0)
                return 2;
              const std::size_t before = open_descriptors();
              const auto launched = launcher_->launch(plan("/bin/true"));
              if (launched.ok()) return 3;
              if (launched.error().errnum != EAGAIN) return 4;
              if (launched.error().message().find("TasksMax") == std::string::npos) return 5;
              return open_descriptors() == before ? 0 : 6;
            }),
            0);
}

TEST_F(LaunchResources, LauncherThatCannotBeExecedIsReapedAndNamed) {
  launcher_.reset();
  spit(directory_ / "broken", "not a program", 0755);
  auto opened = Launcher::open(directory_ / "broken");
  ASSERT_TRUE(opened.ok());
  const std::size_t before = open_descriptors();
  const auto launched = opened.value()->launch(plan("/bin/true"));
  ASSERT_FALSE(launched.ok());
  EXPECT_EQ(launched.error().errnum, ENOEXEC);
  EXPECT_NE(launched.error().message().find("reinstall"), std::string::npos);
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "no child is left";
}

TEST_F(LaunchResources, ReplacedLauncherFileDoesNotChangeWhatIsStarted) {
  launcher_.reset();
  std::filesystem::copy_file(SUTRA_LAUNCHER, directory_ / "launcher");
  auto opened = Launcher::open(directory_ / "launcher");
  ASSERT_TRUE(opened.ok());
  launcher_ = std::move(opened).value();
  std::filesystem::remove(directory_ / "launcher");
  spit(directory_ / "launcher", "#!/bin/false\n", 0755);
  EXPECT_EQ(output_of(plan("/bin/echo", {"old"})), "old\n");
}

TEST_F(LaunchResources, DestroyedLauncherClosesItsSlots) {
  launcher_.reset();
  for (int slot = launch::kSlotPipe; slot < launch::kFirstClosed; ++slot) {
    if (slot == log_.get()) continue;
    EXPECT_EQ(::fcntl(slot, F_GETFD), -1) << slot;
  }
}

}  // namespace
}  // namespace sutra::supervisor
