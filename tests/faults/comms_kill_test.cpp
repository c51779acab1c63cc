// Comms is killed at each system call while it forwards a spawn: the supervisor and the nodes are not disturbed,
// a new comms replaces it, and a second request succeeds.
#include "tests/faults/campaign.h"

namespace sutra::faults {
namespace {

class CommsKilledAtEveryCall : public Campaign {
 protected:
  Answer ask(const std::string& id) {
    const auto response = agent.spawn(id);
    const bool answered = !response.error_message().starts_with("rpc: ");
    return {answered, response.success(), response.pid(), response.port(), response.error_message()};
  }
};

TEST_F(CommsKilledAtEveryCall, DuringASpawn) {
  agent.start_and_wait();
  const pid_t keeper = must_start("serve-keeper");
  inject_at_every_call("comms of a spawn", {.subject = Subject::kThreads},
                       {.prepare =
                            [&](const std::string&) {
                              // After a second death in a row comms is restarted with backoff; a new supervisor
                              // starts without backoff.
                              agent.kill();
                              agent.start_and_wait();
                            },
                        .perform = [&](const std::string& id) { return ask(id); },
                        .judge =
                            [&](const std::string& id, const Answer& answer, const Tracer::Outcome& outcome) {
                              EXPECT_TRUE(!outcome.injected() || outcome.died);
                              EXPECT_TRUE(!answer.answered || answer.success) << answer.text;
                              if (answer.success) {
                                EXPECT_EQ(server(id), static_cast<pid_t>(answer.pid));
                              }
                              EXPECT_TRUE(agent.wait_until_serving());
                              const Answer again = ask(id);
                              EXPECT_TRUE(again.success) << again.text;
                              EXPECT_EQ(server(id), static_cast<pid_t>(again.pid));
                              expect_world({"serve-keeper", id});
                              expect_untouched("serve-keeper", keeper);
                              expect_stop_succeeds(id);
                              expect_world({"serve-keeper"});
                            },
                        .whom = [&] { return agent.comms_pid(); }});
}

}  // namespace
}  // namespace sutra::faults
