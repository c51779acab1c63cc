#include <sys/resource.h>
#include <sys/stat.h>

#include <map>
#include <sstream>

#include "tests/integration/launch_test.h"
#include "tests/support/files.h"

namespace sutra::supervisor {

using namespace test;
namespace {

class LaunchInheritance : public LaunchTest {
 protected:
  std::map<std::string, std::string> status_of(const LaunchPlan& wanted) {
    std::istringstream lines(output_of(wanted));
    std::map<std::string, std::string> fields;
    for (std::string line; std::getline(lines, line);) {
      const auto colon = line.find(":\t");
      if (colon != std::string::npos) fields[line.substr(0, colon)] = line.substr(colon + 2);
    }
    return fields;
  }
  LaunchPlan status_plan() { return plan("/bin/cat", {"/proc/self/status"}); }

  /// Descriptors of the program, by number, without the one that ls opens for the directory.
  std::map<int, std::string> descriptors_of(LaunchPlan wanted) {
    wanted.program = "/bin/ls";
    wanted.arguments = {"ls", "-l", "/proc/self/fd"};
    std::istringstream lines(output_of(wanted));
    std::map<int, std::string> found;
    for (std::string line; std::getline(lines, line);) {
      const auto arrow = line.find(" -> ");
      if (arrow == std::string::npos) continue;
      const std::string target = line.substr(arrow + 4);
      if (target.starts_with("/proc/")) continue;
      found[std::stoi(line.substr(line.rfind(' ', arrow - 1) + 1))] = target;
    }
    return found;
  }
};

constexpr const char* kNoCapability = "0000000000000000";

TEST_F(LaunchInheritance, ProgramHasOnlyItsStandardDescriptors) {
  const UniqueFd leaked_high(::fcntl(2, F_DUPFD, 40));  // not CLOEXEC, as a library might leave it
  const auto fds = descriptors_of(plan("/bin/ls"));
  EXPECT_EQ(fds,
            (std::map<int, std::string>{{0, "/dev/null"}, {1, directory_ / "out"}, {2, directory_ / "out"}}));
}

TEST_F(LaunchInheritance, LockedDirectoryIsTheOnlyAdditionalDescriptor) {
  const UniqueFd data(::open(directory_.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  LaunchPlan wanted = plan("/bin/ls");
  wanted.flags |= launch::kLockDirectory | launch::kChangeDirectory;
  wanted.directory_fd = data.get();
  const auto fds = descriptors_of(wanted);
  EXPECT_EQ(fds, (std::map<int, std::string>{{0, "/dev/null"},
                                             {1, directory_ / "out"},
                                             {2, directory_ / "out"},
                                             {launch::kSlotDirectory, directory_.path()}}));
}

TEST_F(LaunchInheritance, DirectoryThatIsNotLockedIsNotInherited) {
  const UniqueFd data(::open(directory_.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  LaunchPlan wanted = plan("/bin/ls");
  wanted.flags |= launch::kChangeDirectory;
  wanted.directory_fd = data.get();
  EXPECT_EQ(descriptors_of(wanted).size(), 3U);
}

TEST_F(LaunchInheritance, ExtraDescriptorsBecomeThreeFourFive) {
  spit(directory_ / "a", "");
  spit(directory_ / "c", "");
  const UniqueFd a(::open((directory_ / "a").c_str(), O_RDONLY | O_CLOEXEC));
  const UniqueFd c(::open((directory_ / "c").c_str(), O_RDONLY | O_CLOEXEC));
  LaunchPlan wanted = plan("/bin/ls");
  wanted.flags |= launch::kPassExtra;
  wanted.extra_fds[0] = a.get();
  wanted.extra_fds[2] = c.get();
  const auto fds = descriptors_of(wanted);
  EXPECT_EQ(fds, (std::map<int, std::string>{{0, "/dev/null"},
                                             {1, directory_ / "out"},
                                             {2, directory_ / "out"},
                                             {3, directory_ / "a"},
                                             {5, directory_ / "c"}}));
}

TEST_F(LaunchInheritance, FailureAfterExtraDescriptorsWereMovedIsStillReported) {
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  LaunchPlan wanted = plan(directory_ / "missing");
  wanted.flags |= launch::kPassExtra;
  for (int& fd : wanted.extra_fds) fd = null.get();
  EXPECT_EQ(failure_of(wanted).error, ENOENT);
}

TEST_F(LaunchInheritance, DirectoryIsTheWorkingDirectory) {
  const UniqueFd data(::open(directory_.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  LaunchPlan wanted = shell("/bin/pwd -P");
  wanted.flags |= launch::kChangeDirectory;
  wanted.directory_fd = data.get();
  EXPECT_EQ(output_of(wanted), std::filesystem::canonical(directory_.path()).string() + "\n");
}

TEST_F(LaunchInheritance, SignalsAreDefaultAndUnblocked) {
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  struct sigaction before {};
  ASSERT_EQ(::sigaction(SIGUSR1, &ignore, &before), 0);
  sigset_t blocked, old;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigaddset(&blocked, SIGRTMIN + 3);
  ::sigprocmask(SIG_BLOCK, &blocked, &old);
  const auto status = status_of(status_plan());
  sigset_t during;
  ::sigprocmask(SIG_SETMASK, &old, &during);
  ::sigaction(SIGUSR1, &before, nullptr);
  EXPECT_EQ(status.at("SigBlk"), kNoCapability);
  EXPECT_EQ(status.at("SigIgn"), kNoCapability);
  EXPECT_EQ(status.at("SigCgt"), kNoCapability);
  EXPECT_EQ(sigismember(&during, SIGTERM), 1) << "the caller's own mask is as it was";
  EXPECT_EQ(sigismember(&during, SIGINT), 0) << "the caller's own mask is as it was";
}

TEST_F(LaunchInheritance, NoCapabilityIsLeftEvenToRoot) {
  const auto status = status_of(status_plan());
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"})
    EXPECT_EQ(status.at(set), kNoCapability) << set;
  if (is_root()) {
    EXPECT_EQ(status.at("CapBnd"), kNoCapability);
  }
  EXPECT_EQ(status.at("NoNewPrivs"), "1");
}

TEST_F(LaunchInheritance, UserIsChangedWithAllItsGroups) {
  if (!is_root()) GTEST_SKIP() << "needs root";
  LaunchPlan wanted = status_plan();
  wanted.flags |= launch::kSetIds;
  wanted.uid = wanted.gid = kNobody;
  const auto status = status_of(wanted);
  EXPECT_EQ(status.at("Uid"), "65534\t65534\t65534\t65534");
  EXPECT_EQ(status.at("Gid"), "65534\t65534\t65534\t65534");
  EXPECT_TRUE(status.at("Groups").empty() || status.at("Groups") == " ") << status.at("Groups");
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
    EXPECT_EQ(status.at(set), kNoCapability) << set;
  }
}

TEST_F(LaunchInheritance, EnvironmentAndArgumentsAreThePlansAndNothingElse) {
  LaunchPlan wanted = plan("/usr/bin/env");
  wanted.environment = {"ONE=1", "EMPTY=", "SPACE=a b"};
  EXPECT_EQ(output_of(wanted), "ONE=1\nEMPTY=\nSPACE=a b\n");
}

TEST_F(LaunchInheritance, EnvironmentMayBeEmpty) {
  LaunchPlan wanted = plan("/usr/bin/env");
  wanted.environment = {};
  EXPECT_EQ(output_of(wanted), "");
}

TEST_F(LaunchInheritance, ArgumentsArriveWholeUpToTheLargestSpec) {
  LaunchPlan wanted = plan("/bin/echo", {std::string(40000, 'x'), "", "last"});
  EXPECT_EQ(output_of(wanted), std::string(40000, 'x') + "  last\n");
}

TEST_F(LaunchInheritance, LimitsAndOomScoreAreSet) {
  LaunchPlan wanted = shell("ulimit -n; ulimit -c; cat /proc/self/oom_score_adj");
  wanted.limits = {{RLIMIT_NOFILE, 0, 123, 456}, {RLIMIT_CORE, 0, 0, 0}};
  wanted.oom_score_adj = 321;
  EXPECT_EQ(output_of(wanted), "123\n0\n321\n");
}

TEST_F(LaunchInheritance, SessionIsItsOwn) {
  Running running = launch(shell("exec sleep 600"));
  ASSERT_EQ(running.go().progress, LaunchProgress::kExeced);
  EXPECT_EQ(::getsid(running.launched.pid), running.launched.pid);
}

TEST_F(LaunchInheritance, SlotsAreReleasedAfterALaunch) {
  (void)output_of(plan("/bin/true"));
  for (int slot = launch::kSlotPipe; slot < launch::kFirstClosed; ++slot) {
    EXPECT_EQ(::fcntl(slot, F_GETFD), FD_CLOEXEC) << slot;
  }
}

}  // namespace
}  // namespace sutra::supervisor
