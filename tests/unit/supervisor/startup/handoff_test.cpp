#include "supervisor/startup/handoff.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

#include "supervisor/startup/handoff_text.h"

namespace sutra::supervisor {
namespace {

using ::testing::HasSubstr;

constexpr const char* kVariable = "SUTRA_HANDOFF";

/// A descriptor as the exec leaves it: open, not CLOEXEC, without an owner.
int handed_over() { return memfd_create("handed-over", 0); }
bool is_open(int fd) { return fcntl(fd, F_GETFD) >= 0; }

class HandoffTest : public ::testing::Test {
 protected:
  ~HandoffTest() override { unsetenv(kVariable); }
  static void set(const std::string& text) { setenv(kVariable, text.c_str(), 1); }
};

TEST_F(HandoffTest, IsAbsentWithoutTheVariable) { EXPECT_FALSE(take_handoff().valid()); }

TEST_F(HandoffTest, OwnsItsDescriptorsAndMakesThemCloseOnExec) {
  HandoffNumbers numbers;
  numbers.configuration = handed_over();
  numbers.listener = handed_over();
  numbers.locks = {handed_over(), handed_over()};
  numbers.waiters = {handed_over()};
  set(encode_handoff(getpid(), numbers));
  {
    const Handoff handoff = take_handoff();
    EXPECT_EQ(handoff.configuration.get(), numbers.configuration);
    EXPECT_EQ(handoff.listener.get(), numbers.listener);
    ASSERT_EQ(handoff.locks.size(), 2U);
    ASSERT_EQ(handoff.waiters.size(), 1U);
    for (const int fd :
         {numbers.configuration, numbers.listener, numbers.locks[0], numbers.locks[1], numbers.waiters[0]}) {
      EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    }
    EXPECT_EQ(std::getenv(kVariable), nullptr);
  }
  EXPECT_FALSE(is_open(numbers.configuration));
  EXPECT_FALSE(is_open(numbers.locks[1]));
}

TEST_F(HandoffTest, OfAnotherProcessIsIgnoredAndClosesNothing) {
  const UniqueFd fd(handed_over());
  set("pid=" + std::to_string(getpid() + 1) + " configuration=" + std::to_string(fd.get()));
  EXPECT_FALSE(take_handoff().valid());
  EXPECT_TRUE(is_open(fd.get()));
  EXPECT_EQ(std::getenv(kVariable), nullptr);
}

TEST_F(HandoffTest, GarbageIsIgnored) {
  set("what is this");
  EXPECT_FALSE(take_handoff().valid());
  EXPECT_EQ(std::getenv(kVariable), nullptr);
}

TEST_F(HandoffTest, ThatNamesADescriptorWhichIsNotOpenIsIgnored) {
  const UniqueFd fd(handed_over());
  set("pid=" + std::to_string(getpid()) + " configuration=" + std::to_string(fd.get()) + " lock=987654");
  EXPECT_FALSE(take_handoff().valid());
  EXPECT_TRUE(is_open(fd.get()));
}

TEST_F(HandoffTest, ClosesDescriptorsNamedByAnotherVersion) {
  const UniqueFd configuration(handed_over());
  const int future = handed_over();
  set("pid=" + std::to_string(getpid()) + " future=" + std::to_string(future));
  (void)take_handoff();
  EXPECT_FALSE(is_open(future));
}

TEST_F(HandoffTest, AnExecThatFailsChangesNothing) {
  const auto complete = [] {
    Handoff handoff;
    handoff.configuration.reset(handed_over());
    handoff.listener.reset(handed_over());
    return handoff;
  };
  const Status failed = exec_with("/nonexistent/program", {"x"}, complete());
  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.error().message(), HasSubstr("the old version goes on running"));
}

TEST_F(HandoffTest, NothingIsExecutedWhenADescriptorIsMissing) {
  Handoff handoff;
  handoff.configuration.reset(handed_over());
  handoff.listener.reset(handed_over());
  handoff.locks.emplace_back(-1);
  const Status refused = exec_with("/bin/false", {"false"}, std::move(handoff));
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), HasSubstr("could not be duplicated"));
}

}  // namespace
}  // namespace sutra::supervisor
