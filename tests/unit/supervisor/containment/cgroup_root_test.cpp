#include "supervisor/containment/cgroup_root.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "supervisor/containment/node_tree.h"
#include "tests/support/in_child.h"
#include "tests/support/temporary_directory.h"

namespace sutra::supervisor {

using namespace test;
namespace {

constexpr const char* kUnified =
    "30 23 0:28 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr const char* kHybrid =
    "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

TEST(CgroupRoot, OwnDirectoryIsTheMountPointAndOurPath) {
  EXPECT_EQ(own_cgroup_directory(kUnified, "0::/user.slice/me.scope\n"),
            "/sys/fs/cgroup/user.slice/me.scope");
  EXPECT_EQ(own_cgroup_directory(kUnified, "0::/\n"), "/sys/fs/cgroup");
}

TEST(CgroupRoot, V2HierarchyIsFoundBesideTheV1Ones) {
  EXPECT_EQ(own_cgroup_directory(kHybrid, "4:memory:/x\n0::/\n"), "/sys/fs/cgroup/unified");
}

TEST(CgroupRoot, PathIsRelativeToTheSubtreeThatIsMounted) {
  const std::string bind = "30 23 0:28 /box /cg rw - cgroup2 cgroup2 rw\n";
  EXPECT_EQ(own_cgroup_directory(bind, "0::/box/a\n"), "/cg/a");
  EXPECT_EQ(own_cgroup_directory(bind, "0::/box\n"), "/cg");
  EXPECT_EQ(own_cgroup_directory(bind, "0::/boxer\n"), std::nullopt);
}

TEST(CgroupRoot, BlanksInTheMountPointAreDecoded) {
  EXPECT_EQ(own_cgroup_directory("30 23 0:28 / /a\\040b rw - cgroup2 c rw\n", "0::/x\n"), "/a b/x");
}

TEST(CgroupRoot, IsAbsentWithoutV2OrOutsideOfTheNamespace) {
  EXPECT_EQ(own_cgroup_directory("32 31 0:29 / /c rw - cgroup cgroup rw,cpu\n", "0::/\n"), std::nullopt);
  EXPECT_EQ(own_cgroup_directory(kUnified, "4:memory:/x\n"), std::nullopt);
  EXPECT_EQ(own_cgroup_directory(kUnified, "0::/../../other\n"), std::nullopt);
  EXPECT_EQ(own_cgroup_directory("", ""), std::nullopt);
}

TEST(CgroupRoot, AgentIdBecomesAFileNameWithoutCollisions) {
  EXPECT_EQ(file_name_of("agent-1.x_Y"), "agent-1.x_Y");
  EXPECT_EQ(file_name_of("../a b"), "%2E.%2Fa%20b");
}

TEST(CgroupRoot, ValueIsFoundByItsWholeKey) {
  EXPECT_EQ(value_of("oom 1\noom_kill 3\n", "oom_kill"), 3U);
  EXPECT_EQ(value_of("oom 1\noom_kill 3\n", "oom"), 1U);
  EXPECT_EQ(value_of("populated 0\n", "frozen"), std::nullopt);
}

TEST(CgroupRoot, DirectoryThatIsNotACgroupIsRefusedAndNamed) {
  const TemporaryDirectory plain;
  const auto root = open_cgroup_root(plain / "nodes");
  ASSERT_FALSE(root.ok());
  EXPECT_NE(root.error().message().find("not in a cgroup v2"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(plain / "nodes"));
}

TEST(CgroupRoot, ConfiguredRootThatDoesNotWorkIsNotReplacedByOurOwnCgroup) {
  const TemporaryDirectory plain;
  EXPECT_EQ(in_child([&] {
              const auto trees = NodeTrees::open(plain / "nodes", "agent");
              return trees->mode() == TreeMode::kProcessTree &&
                             trees->lost().find("cannot prove") != std::string::npos && trees->path().empty()
                         ? 0
                         : 1;
            }),
            0);
}

TEST(CgroupRoot, ConfiguredRootHoldsTheLeavesAndOtherChildrenAreIgnored) {
  const auto own = NodeTrees::open(std::nullopt, "cgroup-root-test-" + std::to_string(::getpid()));
  if (own->mode() == TreeMode::kProcessTree) GTEST_SKIP() << own->lost();
  const std::string wanted = own->path() + "/wanted";
  {
    const auto trees = NodeTrees::open(wanted, "agent");
    EXPECT_EQ(trees->path(), wanted);
    EXPECT_NE(trees->mode(), TreeMode::kProcessTree);
    ASSERT_EQ(::mkdir((wanted + "/holder").c_str(), 0755), 0);
    auto tree = trees->create("n", 3, 0);
    ASSERT_TRUE(tree.ok());
    EXPECT_TRUE(std::filesystem::exists(wanted + "/n.3"));
    ASSERT_EQ(trees->leaves().size(), 1U);
    EXPECT_TRUE(tree.value()->remove());
    trees->sweep({});
    EXPECT_TRUE(std::filesystem::exists(wanted + "/holder"));
  }
  EXPECT_EQ(::rmdir((wanted + "/holder").c_str()), 0);
  EXPECT_EQ(::rmdir(wanted.c_str()), 0) << "the probe is gone";
  EXPECT_EQ(::rmdir(own->path().c_str()), 0);
}

}  // namespace
}  // namespace sutra::supervisor
