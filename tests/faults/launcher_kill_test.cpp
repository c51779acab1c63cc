// sutra-node-launch is killed at every one of its system calls, and each of them is made to fail: the request
// is answered with what happened to the launcher, nothing is left, and asking again succeeds.
#include <gmock/gmock.h>

#include <cerrno>
#include <cstring>

#include "tests/faults/campaign.h"
#include "tests/faults/possible_errors.h"

namespace sutra::faults {
namespace {

class LauncherFaultAtEveryCall : public Campaign {
 protected:
  void SetUp() override {
    Campaign::SetUp();
    if (IsSkipped()) return;
    start_supervisor();
    keeper = must_start("serve-keeper");
    supervisor = agent.pid();
  }
  void expect_nothing_left_and_retry(const std::string& id) {
    EXPECT_EQ(agent.pid(), supervisor);
    EXPECT_TRUE(control.alive());
    EXPECT_EQ(server(id), 0);
    expect_world({"serve-keeper"});
    expect_start_succeeds(id);
    expect_world({"serve-keeper", id});
    expect_untouched("serve-keeper", keeper);
    expect_stop_succeeds(id);
    expect_world({"serve-keeper"});
  }

  pid_t keeper = 0;
  pid_t supervisor = 0;
};

TEST_F(LauncherFaultAtEveryCall, KilledDuringASpawn) {
  int as_server = 0;
  inject_at_every_call(
      "launcher of a spawn", {.subject = Subject::kLauncher},
      {.prepare = [](const std::string&) {},
       .perform = [&](const std::string& id) { return control.start(id); },
       .judge =
           [&](const std::string& id, const Answer& answer, const Tracer::Outcome& outcome) {
             EXPECT_TRUE(answer.answered);
             if (outcome.injected() && answer.success) {
               // It had already reported "about to exec", so the supervisor counts it as a server.
               EXPECT_LE(++as_server, 2);
               expect_stop_succeeds(id);
               seen_[id] = {};
               return;
             }
             EXPECT_EQ(answer.success, !outcome.injected()) << answer.text;
             if (!outcome.injected()) return expect_stop_succeeds(id);
             EXPECT_THAT(answer.text,
                         ::testing::HasSubstr("the launcher died before it could start the program"));
             expect_nothing_left_and_retry(id);
           }});
}

TEST_F(LauncherFaultAtEveryCall, ErrorDuringASpawn) {
  for (const int error : {ENOMEM, EMFILE, EIO}) {
    inject_at_every_call(
        std::string("launcher of a spawn, ") + error_name(error),
        {.subject = Subject::kLauncher,
         .error = error,
         .counts = [error](const Call& call) { return possible(error, call); }},
        {.prepare = [](const std::string&) {},
         .perform = [&](const std::string& id) { return control.start(id); },
         .judge =
             [&](const std::string& id, const Answer& answer, const Tracer::Outcome& outcome) {
               EXPECT_TRUE(answer.answered);
               if (answer.success) return expect_stop_succeeds(id);
               EXPECT_TRUE(outcome.injected()) << answer.text;
               EXPECT_THAT(answer.text, ::testing::HasSubstr(std::strerror(error)));
               expect_nothing_left_and_retry(id);
             }});
  }
}

}  // namespace
}  // namespace sutra::faults
