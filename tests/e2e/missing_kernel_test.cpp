// The agent's main work on hosts where the kernel or a seccomp filter lacks a feature: each feature, and each pair.
#include <gmock/gmock.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <iterator>

#include "tests/support/fixture.h"
#include "tests/support/hidden_cgroups.h"

namespace sutra::e2e {
namespace {

using ::testing::HasSubstr;

struct Missing {
  const char* name;
  bool clone3, cgroups, landlock;
};

/// Makes one system call fail with ENOSYS in this process and its children. Between fork and exec.
void refuse(unsigned call) {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{std::size(code), code};
  // Without no_new_privs a filter needs root. These tests need root for the mounts anyway.
  if (geteuid() != 0) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) _exit(125);
}

class MissingKernelFeature : public AgentTest, public ::testing::WithParamInterface<Missing> {};

TEST_P(MissingKernelFeature, TheAgentStillWorksAndTheLogNamesWhatIsMissing) {
  const Missing& missing = GetParam();
  if (missing.cgroups && geteuid() != 0) GTEST_SKIP() << "needs root for a mount namespace";
  sandbox.set("storage", "stop_grace_secs", "1");
  sandbox.write_config();
  const HiddenCgroups cgroups;
  agent.start_and_wait([&] {
    if (missing.cgroups) cgroups.hide();
    if (missing.landlock) {
      for (const int call : {SYS_landlock_create_ruleset, SYS_landlock_add_rule, SYS_landlock_restrict_self})
        refuse(static_cast<unsigned>(call));
    }
    if (missing.clone3) refuse(SYS_clone3);
  });
  const auto r = must_spawn("serve-1");
  must_spawn("orphan-1");
  must_spawn("doublefork-1");
  EXPECT_FALSE(agent.spawn("exit7-1").success());
  ASSERT_TRUE(sandbox.signal(r.pid(), SIGKILL));
  ASSERT_TRUE(agent.wait_replaced("serve-1", r.pid()));
  const auto before = agent.node("serve-1")->pid();
  const auto result = agent.ctl({"reload"});
  EXPECT_EQ(result.status, 0) << result.err;
  ASSERT_TRUE(agent.wait_until_serving());
  EXPECT_EQ(agent.node("serve-1")->pid(), before);
  EXPECT_TRUE(agent.stop_node("orphan-1").success());
  EXPECT_TRUE(agent.stop_node("doublefork-1").success());
  EXPECT_TRUE(agent.stop_node("serve-1").success());
  EXPECT_EQ(agent.log_has("clone3 is refused"), missing.clone3) << agent.log();
  EXPECT_EQ(agent.log_has("cannot prove"), missing.cgroups) << agent.log();
  EXPECT_EQ(agent.stop(), 0);
}

INSTANTIATE_TEST_SUITE_P(Each, MissingKernelFeature,
                         ::testing::Values(Missing{"Clone3", true, false, false},
                                           Missing{"Cgroups", false, true, false},
                                           Missing{"Landlock", false, false, true},
                                           Missing{"Clone3AndCgroups", true, true, false},
                                           Missing{"Clone3AndLandlock", true, false, true},
                                           Missing{"CgroupsAndLandlock", false, true, true}),
                         [](const auto& at) { return at.param.name; });

}  // namespace
}  // namespace sutra::e2e
