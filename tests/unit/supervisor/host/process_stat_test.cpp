#include "supervisor/host/process_stat.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace sutra::supervisor {
namespace {

// Fields 4 to 22 of proc(5), the parent 7, the session 41, the start time 12345.
const std::string kFields = " 7 42 41 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 12345 1 2 3\n";

TEST(ProcessStat, IsReadWithAnyBytesInTheName) {
  for (const std::string name :
       {"redis-server", "a b", "a) S 1 (b", "((()))", ")", "", "1 (x) Z 1 1 1", "x\ny", ") R 1 1 1 "}) {
    const auto stat = parse_process_stat("42 (" + name + ") S" + kFields);
    ASSERT_TRUE(stat) << name;
    EXPECT_EQ(stat->pid, 42) << name;
    EXPECT_EQ(stat->state, 'S') << name;
    EXPECT_EQ(stat->parent, 7) << name;
    EXPECT_EQ(stat->session, 41) << name;
    EXPECT_EQ(stat->start_ticks, 12345U) << name;
    EXPECT_TRUE(stat->alive());
  }
}

TEST(ProcessStat, IsRefusedWithoutAStartTime) {
  const std::string whole = "42 (x) S 7 42 41 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 12345";
  ASSERT_TRUE(parse_process_stat(whole));
  for (std::size_t size = 0; size <= whole.rfind(' '); ++size)
    EXPECT_FALSE(parse_process_stat(std::string_view(whole).substr(0, size))) << size;
}

TEST(ProcessStat, GarbageIsRefused) {
  const std::string garbage[] = {
      std::string(),
      std::string("1 (x"),
      std::string("1 (x) S 1 2"),
      "(x) S" + kFields,
      "0 (x) S" + kFields,
      "-1 (x) S" + kFields,
      "42 (x) SS" + kFields,
      "99999999999 (x) S" + kFields,
      "x (x) S" + kFields,
      std::string("42 (x) S 7 42 41 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 x 9"),
      std::string("42 (x) S p 42 41 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 12345 9")};
  for (const std::string& text : garbage) EXPECT_FALSE(parse_process_stat(text)) << text;
}

TEST(ProcessStat, AZombieIsNotAlive) {
  EXPECT_FALSE(parse_process_stat("42 (x) Z" + kFields)->alive());
  EXPECT_FALSE(parse_process_stat("42 (x) X" + kFields)->alive());
  EXPECT_TRUE(parse_process_stat("42 (x) T" + kFields)->alive());
}

TEST(ProcessStat, OfThisProcessIsReadWithAHostileName) {
  char before[16] = {};
  ::prctl(PR_GET_NAME, before);
  ::prctl(PR_SET_NAME, "a) Z 1 b (c");
  const auto stat = read_process_stat(::getpid());
  ::prctl(PR_SET_NAME, before);
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->pid, ::getpid());
  EXPECT_EQ(stat->parent, ::getppid());
  EXPECT_EQ(stat->session, ::getsid(0));
  EXPECT_EQ(stat->state, 'R');
}

TEST(ProcessStat, OfAMissingProcessIsAnErrorWithTheReason) {
  errno = 0;
  EXPECT_FALSE(read_process_stat("/proc/self/no-such-file"));
  EXPECT_EQ(errno, ENOENT);
  EXPECT_FALSE(read_process_stat("/proc/self/comm"));
  EXPECT_EQ(errno, 0) << "it was read, and is no such text";
}

TEST(Ticks, AreWholeNanoseconds) {
  EXPECT_EQ(ns_of_ticks(250, 100), 2'500'000'000U);
  EXPECT_EQ(ns_of_ticks(7, 100), 70'000'000U);
  EXPECT_EQ(ns_of_ticks(std::uint64_t{100} * 86400 * 36500, 100), 3'153'600'000'000'000'000U)
      << "a hundred years";
}

}  // namespace
}  // namespace sutra::supervisor
