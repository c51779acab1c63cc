#include "tests/faults/stride.h"

#include <gtest/gtest.h>

#include <set>

namespace sutra::faults {
namespace {

std::set<std::uint64_t> hurt(std::uint64_t total, std::uint64_t stride, std::uint64_t day) {
  CallsToHurt calls(stride, day);
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

TEST(CallsToHurt, StrideOneTakesEachCall) {
  for (const std::uint64_t total : {1U, 8U, 152U}) EXPECT_EQ(hurt(total, 1, 3), each_up_to(total));
}

TEST(CallsToHurt, AsManyDaysAsTheStrideTakeEachCall) {
  for (const std::uint64_t total : {1U, 23U, 152U, 882U}) {
    std::set<std::uint64_t> seen;
    for (std::uint64_t day = 20'000; day < 20'006; ++day) seen.merge(hurt(total, 6, day));
    EXPECT_EQ(seen, each_up_to(total)) << total;
  }
}

TEST(CallsToHurt, AtLeastEightOfFewCallsAreTaken) {
  for (std::uint64_t total = 1; total < 200; ++total) {
    for (std::uint64_t day = 0; day < 6; ++day) {
      EXPECT_GE(hurt(total, 6, day).size(), std::min(total, CallsToHurt::kAtLeast))
          << total << ", day " << day;
    }
  }
}

TEST(CallsToHurt, OneInSixOfManyCallsIsTaken) {
  EXPECT_EQ(hurt(600, 6, 0).size(), 100U);
  EXPECT_EQ(hurt(600, 6, 5).size(), 100U);
}

}  // namespace
}  // namespace sutra::faults
