#include "tests/faults/fault_points.h"

#include <gtest/gtest.h>

#include <set>

namespace sutra::faults {
namespace {

std::set<std::uint64_t> taken(std::uint64_t total, std::uint64_t stride, std::uint64_t day) {
  FaultPoints calls(stride, day);
  std::set<std::uint64_t> seen;
  for (;;) {
    const std::uint64_t call = calls.next();
    if (call <= total) {
      seen.insert(call);
    } else if (!calls.counted(total)) {
      return seen;
    }
  }
}

std::set<std::uint64_t> each_up_to(std::uint64_t total) {
  std::set<std::uint64_t> all;
  for (std::uint64_t call = 1; call <= total; ++call) all.insert(call);
  return all;
}

TEST(FaultPoints, StrideOneTakesEachCall) {
  for (const std::uint64_t total : {1U, 8U, 152U}) EXPECT_EQ(taken(total, 1, 3), each_up_to(total));
}

TEST(FaultPoints, AsManyDaysAsTheStrideTakeEachCall) {
  for (const std::uint64_t total : {1U, 23U, 152U, 882U}) {
    std::set<std::uint64_t> seen;
    for (std::uint64_t day = 20'000; day < 20'006; ++day) seen.merge(taken(total, 6, day));
    EXPECT_EQ(seen, each_up_to(total)) << total;
  }
}

TEST(FaultPoints, AtLeastEightOfFewCallsAreTaken) {
  for (std::uint64_t total = 1; total < 200; ++total) {
    for (std::uint64_t day = 0; day < 6; ++day) {
      EXPECT_GE(taken(total, 6, day).size(), std::min(total, FaultPoints::kAtLeast))
          << total << ", day " << day;
    }
  }
}

TEST(FaultPoints, OneInSixOfManyCallsIsTaken) {
  EXPECT_EQ(taken(600, 6, 0).size(), 100U);
  EXPECT_EQ(taken(600, 6, 5).size(), 100U);
}

}  // namespace
}  // namespace sutra::faults
