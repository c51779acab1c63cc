#include "common/uncaught.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

namespace sutra {
namespace {

using ::testing::ExitedWithCode;

void throw_an_error() { throw std::runtime_error("no such option"); }
void throw_a_number() { throw 7; }

/// The test program itself would catch what leaves the statement.
void call(void (*work)()) noexcept { work(); }

TEST(UncaughtDeathTest, AnExceptionIsSaidWithTheProgramsNameAndStatusOne) {
  EXPECT_EXIT(
      {
        report_uncaught("sutra-x");
        call(throw_an_error);
      },
      ExitedWithCode(1), "^sutra-x: ended by an exception: no such option\n$");
}

TEST(UncaughtDeathTest, OneOfAnyTypeAndOfAnyThreadIsSaid) {
  EXPECT_EXIT(
      {
        report_uncaught("sutra-x");
        std::thread(throw_a_number).join();
      },
      ExitedWithCode(1), "^sutra-x: ended by an exception: not one of the standard library\n$");
}

TEST(UncaughtDeathTest, TerminateWithoutAnExceptionIsSaid) {
  EXPECT_EXIT(
      {
        report_uncaught("sutra-x");
        std::terminate();
      },
      ExitedWithCode(1), "std::terminate was called");
}

}  // namespace
}  // namespace sutra
