#include "common/uncaught.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

namespace sutra {
namespace {

using ::testing::ExitedWithCode;

// Each ends by std::terminate: the test program itself would catch what leaves the statement.
void escapes() noexcept { throw std::runtime_error("no such option"); }
void another_escapes() noexcept { throw 7; }

TEST(UncaughtDeathTest, AnExceptionIsSaidWithTheProgramsNameAndStatusOne) {
  EXPECT_EXIT(
      {
        report_uncaught("sutra-x");
        escapes();
      },
      ExitedWithCode(1), "^sutra-x: ended by an exception: no such option\n$");
}

TEST(UncaughtDeathTest, OneOfAnyTypeAndOfAnyThreadIsSaid) {
  EXPECT_EXIT(
      {
        report_uncaught("sutra-x");
        std::thread(another_escapes).join();
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
