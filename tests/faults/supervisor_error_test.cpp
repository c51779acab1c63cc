// Each system call of the supervisor that can fail for lack of space, descriptors or memory, or because of a broken
// disk, is made to fail: the request succeeds or is refused with the reason, nothing is half done, the next request
// succeeds, and no healthy node is disturbed.
#include <gmock/gmock.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "tests/faults/campaign.h"
#include "tests/faults/possible_errors.h"

namespace sutra::faults {
namespace {

class ErrorAtEveryCall : public Campaign, public ::testing::WithParamInterface<int> {
 protected:
  void SetUp() override {
    Campaign::SetUp();
    if (IsSkipped()) return;
    start_supervisor();
    keeper = must_start("serve-keeper");
  }
  Plan plan() const {
    const int error = GetParam();
    return {.error = error, .counts = [error](const Call& call) { return possible(error, call); }};
  }
  std::string name(const std::string& operation) const {
    return operation + " with " + error_name(GetParam());
  }
  /// A refusal says what went wrong, in the kernel's words.
  void expect_reason(const Answer& answer) const {
    EXPECT_THAT(answer.text, ::testing::HasSubstr(std::strerror(GetParam())));
  }
  void retire(const std::string& id) {
    expect_stop_succeeds(id);
    expect_world({"serve-keeper"});
    expect_untouched("serve-keeper", keeper);
  }

  pid_t keeper = 0;
};

TEST_P(ErrorAtEveryCall, DuringASpawn) {
  inject_at_every_call(name("spawn"), plan(),
                       {.prepare = [](const std::string&) {},
                        .perform = [&](const std::string& id) { return control.start(id); },
                        .judge =
                            [&](const std::string& id, const Answer& answer, const auto&) {
                              if (answer.success) {
                                EXPECT_EQ(server(id), static_cast<pid_t>(answer.pid));
                              }
                              if (answer.answered && !answer.success) {
                                expect_reason(answer);
                                EXPECT_EQ(server(id), 0);
                                expect_world({"serve-keeper"});
                              }
                              expect_start_succeeds(id);
                              expect_world({"serve-keeper", id});
                              retire(id);
                            }});
}

TEST_P(ErrorAtEveryCall, DuringAStop) {
  pid_t running = 0;
  inject_at_every_call(name("stop"), plan(),
                       {.prepare = [&](const std::string& id) { running = must_start(id); },
                        .perform = [&](const std::string& id) { return control.stop(id); },
                        .judge =
                            [&](const std::string& id, const Answer& answer, const auto&) {
                              if (answer.success) {
                                EXPECT_EQ(server(id), 0) << "it was answered that it is gone";
                              }
                              if (answer.answered && !answer.success) {
                                expect_reason(answer);
                                expect_untouched(id, running);
                              }
                              retire(id);
                            }});
}

// One node runs; the other died while no supervisor ran.
TEST_P(ErrorAtEveryCall, DuringAnAdoption) {
  const pid_t other = must_start("serve-other");
  inject_at_every_call(name("adoption"), plan(),
                       {.prepare =
                            [&](const std::string& id) {
                              const pid_t victim = must_start(id);
                              agent.kill();
                              EXPECT_TRUE(sandbox.signal(victim, SIGKILL));
                              EXPECT_TRUE(e2e::eventually([&] { return !e2e::process_exists(victim); }));
                            },
                        .perform =
                            [&](const std::string& id) {
                              (void)e2e::eventually([&] { return has_ended() || control.alive(); });
                              (void)e2e::eventually([&] { return has_ended() || server(id) != 0; });
                              return Answer{};
                            },
                        .judge =
                            [&](const std::string& id, const auto&, const auto&) {
                              EXPECT_TRUE(control.alive());
                              expect_untouched("serve-keeper", keeper);
                              expect_untouched("serve-other", other);
                              // A supervisor that could not use cgroups never uses them; the next one removes what is
                              // left.
                              restart_supervisor();
                              expect_world({"serve-keeper", "serve-other", id});
                              expect_untouched("serve-keeper", keeper);
                              expect_untouched("serve-other", other);
                              expect_stop_succeeds(id);
                              expect_world({"serve-keeper", "serve-other"});
                            },
                        .from_exec = true});
}

INSTANTIATE_TEST_SUITE_P(Each, ErrorAtEveryCall, ::testing::Values(ENOSPC, EMFILE, ENOMEM, EIO, EAGAIN),
                         [](const auto& each) { return std::string(error_name(each.param)); });

}  // namespace
}  // namespace sutra::faults
