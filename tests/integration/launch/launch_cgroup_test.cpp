#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <cstddef>

#include "supervisor/containment/cgroup_root.h"
#include "supervisor/containment/node_tree.h"
#include "supervisor/host/kernel_file.h"
#include "tests/integration/launch_test.h"
#include "tests/support/eventually.h"
#include "tests/support/files.h"
#include "tests/support/in_child.h"

namespace sutra::supervisor {

using namespace test;
namespace {

/// Node cgroups of this test's own, removed at its end.
class LaunchCgroup : public LaunchTest {
 protected:
  void SetUp() override {
    LaunchTest::SetUp();
    trees_ = NodeTrees::open(std::nullopt, "launch-test-" + std::to_string(::getpid()));
    if (trees_->mode() == TreeMode::kProcessTree) GTEST_SKIP() << trees_->lost();
    auto made = trees_->create("node", 1, 0);
    ASSERT_TRUE(made.ok()) << made.error().message();
    tree_ = std::move(made).value();
  }
  void TearDown() override {
    if (tree_) {
      tree_->kill();
      EXPECT_TRUE(eventually([this] { return !tree_->populated() && tree_->remove(); }));
    }
    if (trees_ && !trees_->path().empty()) {
      EXPECT_EQ(::rmdir(trees_->path().c_str()), 0);
    }
  }

  [[nodiscard]] std::string members() const { return read_kernel_file(tree_->cgroup_fd(), "cgroup.procs"); }
  LaunchPlan in_tree(LaunchPlan wanted) {
    wanted.cgroup_fd = tree_->cgroup_fd();
    return wanted;
  }

  std::unique_ptr<NodeTrees> trees_;
  std::unique_ptr<NodeTree> tree_;
};

/// From now on clone3 answers with this error in the calling process.
bool refuse_clone3(int error) {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{sizeof code / sizeof *code, code};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST_F(LaunchCgroup, LauncherIsInItsCgroupFromBirth) {
  EXPECT_TRUE(launcher_->clone3_works());
  Running running = launch(in_tree(shell("exec sleep 600")));
  EXPECT_EQ(members(), std::to_string(running.launched.pid) + "\n") << "before the gate is open";
  ASSERT_EQ(running.go().progress, LaunchProgress::kExeced);
  EXPECT_EQ(members(), std::to_string(running.launched.pid) + "\n");
}

TEST_F(LaunchCgroup, FrozenCgroupIsAnErrorAndNeverAHang) {
  ASSERT_TRUE(write_cgroup_file(tree_->cgroup_fd(), "cgroup.freeze", "1"));
  ASSERT_TRUE(eventually(
      [this] { return value_of(read_kernel_file(tree_->cgroup_fd(), "cgroup.events"), "frozen") == 1U; }));
  const auto launched = launcher_->launch(in_tree(plan("/bin/true")));
  ASSERT_FALSE(launched.ok());
  EXPECT_NE(launched.error().message().find("frozen"), std::string::npos);
  ASSERT_TRUE(write_cgroup_file(tree_->cgroup_fd(), "cgroup.freeze", "0"));
}

TEST_F(LaunchCgroup, RemovedCgroupIsAnError) {
  ASSERT_TRUE(tree_->remove());
  EXPECT_FALSE(launcher_->launch(in_tree(plan("/bin/true"))).ok());
}

class LaunchWithoutClone3 : public LaunchCgroup {
 protected:
  /// In a child of the test that may not call clone3.
  int launch_refused(int error, bool open_anew) {
    if (open_anew) launcher_.reset();
    UniqueFd log(::fcntl(log_.get(), F_DUPFD_CLOEXEC, 20));
    log_ = std::move(log);
    return in_child([&]() -> int {
      if (!refuse_clone3(error)) return 2;
      if (open_anew) {
        // Descriptors that the test opened before must not use the slots of the new launcher.
        const UniqueFd tree(::fcntl(tree_->cgroup_fd(), F_DUPFD_CLOEXEC, 20));
        LaunchPlan wanted = shell("exec sleep 600");
        wanted.cgroup_fd = tree.get();
        for (int fd = launch::kSlotPipe; fd < launch::kFirstClosed; ++fd) ::close(fd);
        auto opened = Launcher::open(SUTRA_LAUNCHER);
        if (!opened.ok() || opened.value()->clone3_works()) return 3;
        return run(*opened.value(), wanted, tree.get());
      }
      const int status = run(*launcher_, in_tree(shell("exec sleep 600")), tree_->cgroup_fd());
      return launcher_->clone3_works() ? 4 : status;
    });
  }
  static int run(Launcher& launcher, const LaunchPlan& wanted, int cgroup_fd) {
    auto launched = launcher.launch(wanted);
    if (!launched.ok()) return 5;
    Running running(std::move(launched).value());
    if (read_kernel_file(cgroup_fd, "cgroup.procs") != std::to_string(running.launched.pid) + "\n") return 6;
    return running.go().progress == LaunchProgress::kExeced ? 0 : 7;
  }
};

TEST_F(LaunchWithoutClone3, EnosysAtStartIsDetectedAndTheCgroupIsJoinedBeforeTheGate) {
  EXPECT_EQ(launch_refused(ENOSYS, true), 0);
}

TEST_F(LaunchWithoutClone3, EpermAtStartIsDetected) { EXPECT_EQ(launch_refused(EPERM, true), 0); }

TEST_F(LaunchWithoutClone3, SeccompFilterInstalledAfterStartLeadsToTheFallback) {
  EXPECT_EQ(launch_refused(EPERM, false), 0);
}

TEST_F(LaunchWithoutClone3, CgroupThatCannotBeJoinedLeavesNoProcess) {
  EXPECT_EQ(in_child([this]() -> int {
              if (!refuse_clone3(ENOSYS)) return 2;
              // A directory that looks like a cgroup but is not one.
              ::mkdir((directory_ / "cg").c_str(), 0755);
              spit(directory_ / "cg/cgroup.events", "populated 0\nfrozen 0\n");
              const UniqueFd fake(::open((directory_ / "cg").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
              LaunchPlan wanted = plan("/bin/true");
              wanted.cgroup_fd = fake.get();
              const auto launched = launcher_->launch(wanted);
              if (launched.ok() || launched.error().errnum != ENOENT) return 3;
              return ::waitpid(-1, nullptr, WNOHANG) == -1 ? 0 : 4;
            }),
            0);
}

}  // namespace
}  // namespace sutra::supervisor
