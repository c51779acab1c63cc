#include "supervisor/exec_mark.h"

#include "tests/unit/launch/test_support.h"

namespace sutra::supervisor::test {
namespace {

class ExecMarks : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directory(run_ / "nodes"); }
  UniqueFd begin(std::uint64_t generation) {
    auto mark = begin_exec_mark(run_.path(), "n", generation);
    EXPECT_TRUE(mark.ok()) << mark.error().message();
    return std::move(mark).value();
  }
  ExecMark read(std::uint64_t generation) { return read_exec_mark(run_.path(), "n", generation); }
  static void pass(const UniqueFd& mark) { ASSERT_EQ(::write(mark.get(), "x", 1), 1); }
  TemporaryDirectory run_;
};

TEST_F(ExecMarks, TellsTheGateFromTheProgram) {
  EXPECT_EQ(read(7), ExecMark::kUnknown);
  const UniqueFd mark = begin(7);
  EXPECT_EQ(read(7), ExecMark::kAtGate);
  pass(mark);
  EXPECT_EQ(read(7), ExecMark::kExecuted);
  EXPECT_EQ(read(9), ExecMark::kUnknown) << "another generation";
}

TEST_F(ExecMarks, AGenerationIsKnownUntilTheNextOneIsRecorded) {
  const UniqueFd first = begin(10);
  const UniqueFd second = begin(11);  // and the supervisor dies before the facts tell of 11
  EXPECT_EQ(read(10), ExecMark::kAtGate);
  pass(first);
  EXPECT_EQ(read(10), ExecMark::kExecuted);
  EXPECT_EQ(read(11), ExecMark::kAtGate);
}

TEST_F(ExecMarks, ALateLauncherOfAnEarlierGenerationMarksOnlyItsOwn) {
  const UniqueFd first = begin(1);
  const UniqueFd third = begin(3);
  pass(first);
  EXPECT_EQ(read(3), ExecMark::kAtGate);
}

TEST_F(ExecMarks, RemovedLeavesNothing) {
  begin(1);
  begin(2);
  remove_exec_mark(run_.path(), "n");
  EXPECT_TRUE(std::filesystem::is_empty(run_ / "nodes"));
}

}  // namespace
}  // namespace sutra::supervisor::test
