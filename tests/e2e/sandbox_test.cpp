// The test support itself: a faulty test must not kill processes that are not its own.
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "tests/support/sandbox.h"

namespace sutra::e2e {
namespace {

/// A child that waits in a directory; killed with the test.
class Waiting {
 public:
  explicit Waiting(const std::string& directory) : pid_(fork()) {
    if (pid_ != 0) return;
    if (chdir(directory.c_str()) != 0) _exit(1);
    for (;;) pause();
  }
  ~Waiting() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Within a second.
  [[nodiscard]] bool works_in(const std::string& directory) const {
    std::error_code gone;
    for (int i = 0; i < 200; ++i, usleep(5000)) {
      if (std::filesystem::read_symlink("/proc/" + std::to_string(pid_) + "/cwd", gone) == directory)
        return true;
    }
    return false;
  }
  [[nodiscard]] int wait() const {
    int status = 0;
    waitpid(pid_, &status, 0);
    return status;
  }

 private:
  pid_t pid_;
};

TEST(SandboxSignals, ReachAProcessThatWorksInIt) {
  const Sandbox sandbox;
  std::filesystem::create_directory(sandbox.at("data"));
  const Waiting ours(sandbox.at("data"));
  ASSERT_TRUE(ours.works_in(sandbox.at("data")));
  EXPECT_TRUE(sandbox.signal(ours.pid(), SIGTERM));
  EXPECT_EQ(WTERMSIG(ours.wait()), SIGTERM);
  EXPECT_FALSE(sandbox.signal(ours.pid(), SIGTERM)) << "it has ended";
}

TEST(SandboxSignals, ReachNoOtherProcess) {
  const Sandbox sandbox;
  std::filesystem::create_directory(sandbox.path() + "-beside");
  const Waiting beside(sandbox.path() + "-beside");
  ASSERT_TRUE(beside.works_in(sandbox.path() + "-beside"));
  // SIGCONT does no harm if it is delivered.
  EXPECT_FALSE(sandbox.signal(beside.pid(), SIGCONT));
  EXPECT_FALSE(sandbox.signal(getpid(), SIGCONT));
  EXPECT_FALSE(sandbox.signal(1, SIGCONT));
  EXPECT_FALSE(sandbox.signal(0, SIGCONT)) << "our whole process group";
  EXPECT_FALSE(sandbox.signal(-1, SIGCONT)) << "everybody";
  EXPECT_FALSE(sandbox.signal(-getpgrp(), SIGCONT));
  std::filesystem::remove(sandbox.path() + "-beside");
}

}  // namespace
}  // namespace sutra::e2e
