#include "supervisor/launch/exec_mark.h"

#include <gtest/gtest.h>

#include "tests/support/temporary_directory.h"

namespace sutra::supervisor {

using namespace test;
namespace {

class ExecMarks : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directory(run_ / "nodes"); }
  UniqueFd begin(std::uint64_t generation) {
    auto mark = begin_exec_mark(run_.path(), "n", generation);
    EXPECT_TRUE(mark.ok()) << mark.error().message();
    return std::move(mark).value();
  }
  std::optional<bool> read(std::uint64_t generation) { return read_exec_mark(run_.path(), "n", generation); }
  static void pass(const UniqueFd& mark) { ASSERT_EQ(::write(mark.get(), "x", 1), 1); }
  TemporaryDirectory run_;
};

TEST_F(ExecMarks, DistinguishALauncherAtItsGateFromAnExecutedProgram) {
  EXPECT_EQ(read(7), std::nullopt);
  const UniqueFd mark = begin(7);
  EXPECT_EQ(read(7), false);
  pass(mark);
  EXPECT_EQ(read(7), true);
  EXPECT_EQ(read(9), std::nullopt) << "another generation";
}

TEST_F(ExecMarks, AGenerationIsKnownUntilTheNextOneIsRecorded) {
  const UniqueFd first = begin(10);
  const UniqueFd second = begin(11);  // and the supervisor dies before it records 11 in the facts
  EXPECT_EQ(read(10), false);
  pass(first);
  EXPECT_EQ(read(10), true);
  EXPECT_EQ(read(11), false);
}

TEST_F(ExecMarks, ALateLauncherOfAnEarlierGenerationMarksOnlyItsOwn) {
  const UniqueFd first = begin(1);
  const UniqueFd third = begin(3);
  pass(first);
  EXPECT_EQ(read(3), false);
}

TEST_F(ExecMarks, RemovedLeavesNothing) {
  begin(1);
  begin(2);
  remove_exec_mark(run_.path(), "n");
  EXPECT_TRUE(std::filesystem::is_empty(run_ / "nodes"));
}

}  // namespace
}  // namespace sutra::supervisor
