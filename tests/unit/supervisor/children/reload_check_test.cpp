#include "supervisor/children/reload_check.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <optional>
#include <string>

#include "tests/support/fake_starter.h"
#include "tests/support/manual_timers.h"
#include "tests/support/temporary_directory.h"

namespace sutra::supervisor {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ReloadCheckTest : public ::testing::Test {
 protected:
  ReloadCheckTest() {
    std::ofstream(path_) << "the new configuration";
    running_.agent.agent_id = "a-1";
    running_.agent.state_dir = "/var/lib/x";
    running_.agent.runtime_dir = "/run/x";
    check_.emplace(timers_, starter_);
  }
  Status start() {
    return check_->start("/x/sutra-agent", path_, running_, [this](Result<UniqueFd> verdict) {
      ++told_;
      if (verdict) {
        passed_ = std::move(verdict).value();
      } else {
        refusal_ = verdict.error().message();
      }
      check_.reset();  // the supervisor does the same
    });
  }
  void child_says(const std::string& text) {
    ASSERT_EQ(::write(starter_.last().log.get(), text.data(), text.size()),
              static_cast<ssize_t>(text.size()));
  }

  test::TemporaryDirectory directory_;
  std::string path_ = directory_.path() + "/agent.toml";
  ManualTimers timers_;
  FakeStarter starter_;
  Config running_;
  int told_ = 0;
  UniqueFd passed_;
  std::string refusal_;
  std::optional<ReloadCheck> check_;
};

TEST_F(ReloadCheckTest, PassesTheFilesBytesAndTheKeptValuesToTheNewBinary) {
  ASSERT_TRUE(start());
  const LaunchPlan& plan = starter_.last().plan;
  EXPECT_EQ(plan.program, "/x/sutra-agent");
  EXPECT_THAT(plan.arguments, ElementsAre("sutra-agent", "--check-config", "--config-fd", "3", "--config",
                                          path_, "--must-keep", "a-1", "/var/lib/x", "/run/x"));
  EXPECT_EQ(plan.flags, launch::kPassExtra | launch::kRedirectOutput | launch::kDieWithParent);
  EXPECT_TRUE(check_->owns_pid(starter_.last().pid));
  EXPECT_EQ(told_, 0);
}

TEST_F(ReloadCheckTest, TheAcceptedBytesAreThoseThatWereReadAndAreSealed) {
  ASSERT_TRUE(start());
  std::ofstream(path_) << "changed since";
  starter_.end_last(exited(0));
  EXPECT_EQ(told_, 1);
  ASSERT_TRUE(passed_.valid()) << refusal_;
  std::array<char, 64> text{};
  const ssize_t n = ::read(passed_.get(), text.data(), text.size());
  EXPECT_EQ(std::string(text.data(), static_cast<std::size_t>(n)), "the new configuration");
  EXPECT_LT(::write(passed_.get(), "x", 1), 0);
  EXPECT_EQ(timers_.pending(), 0U);
}

TEST_F(ReloadCheckTest, TheAcceptedBytesAreReadFromTheirBeginningAfterTheChildReadThem) {
  ASSERT_TRUE(start());
  ::lseek(starter_.last().extra[0].get(), 0, SEEK_END);  // the child's descriptor shares the offset
  starter_.end_last(exited(0));
  ASSERT_TRUE(passed_.valid());
  EXPECT_EQ(::lseek(passed_.get(), 0, SEEK_CUR), 0);
}

TEST_F(ReloadCheckTest, ARefusalHasTheChildsWholeReport) {
  ASSERT_TRUE(start());
  child_says("agent.toml:3: agent.platform: is missing\nagent.toml:9: storage.args: is no list\n");
  starter_.end_last(exited(78));
  EXPECT_EQ(told_, 1);
  EXPECT_FALSE(passed_.valid());
  EXPECT_THAT(refusal_, HasSubstr("reload " + path_));
  EXPECT_THAT(refusal_, HasSubstr("agent.platform: is missing\nagent.toml:9: storage.args: is no list"));
}

TEST_F(ReloadCheckTest, ARefusalWithoutOutputSaysHowTheChildEnded) {
  ASSERT_TRUE(start());
  starter_.end_last(exited(3));
  EXPECT_THAT(refusal_, HasSubstr("the check exited with code 3"));
}

TEST_F(ReloadCheckTest, AChildThatDiesIsARefusal) {
  ASSERT_TRUE(start());
  starter_.end_last(killed_by(SIGSEGV));
  EXPECT_FALSE(passed_.valid());
  EXPECT_THAT(refusal_, HasSubstr("the check was killed by signal 11"));
}

TEST_F(ReloadCheckTest, AChildThatHangsIsKilledAfterTenSecondsAndIsARefusal) {
  ASSERT_TRUE(start());
  timers_.advance(9'999ms);
  EXPECT_THAT(starter_.last().signals, IsEmpty());
  timers_.advance(1ms);
  EXPECT_THAT(starter_.last().signals, ElementsAre(SIGKILL));
  EXPECT_EQ(told_, 0) << "not before it is reaped";
  starter_.end_last(killed_by(SIGKILL));
  EXPECT_EQ(told_, 1);
  EXPECT_THAT(refusal_, HasSubstr("checking it took longer than 10 s"));
}

TEST_F(ReloadCheckTest, TheDeadlineEndsWithTheChild) {
  int told = 0;
  ASSERT_TRUE(check_->start("/x/sutra-agent", path_, running_, [&](const Result<UniqueFd>&) { ++told; }));
  starter_.end_last(exited(0));
  timers_.advance(1h);
  EXPECT_EQ(told, 1);
  EXPECT_THAT(starter_.last().signals, IsEmpty());
  EXPECT_FALSE(check_->owns_pid(starter_.last().pid));
}

TEST_F(ReloadCheckTest, AFailedExecIsARefusal) {
  ASSERT_TRUE(start());
  starter_.end_last(exited(0), "execute /x/sutra-agent: Permission denied");
  EXPECT_FALSE(passed_.valid());
  EXPECT_THAT(refusal_, HasSubstr("execute /x/sutra-agent: Permission denied"));
}

TEST_F(ReloadCheckTest, AFailedStartIsAnErrorAtOnce) {
  starter_.refusal = make_error("clone", "child", "no memory");
  const Status refused = start();
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), HasSubstr("no memory"));
  EXPECT_EQ(told_, 0);
  EXPECT_EQ(timers_.pending(), 0U);
}

TEST_F(ReloadCheckTest, AFileThatCannotBeReadIsAnErrorAtOnce) {
  ASSERT_EQ(::unlink(path_.c_str()), 0);
  const Status refused = start();
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), HasSubstr(path_));
  EXPECT_EQ(starter_.asked, 0);
}

}  // namespace
}  // namespace sutra::supervisor
