// Comms is killed at its system calls while it carries a spawn: the supervisor and the nodes do not notice,
// another comms takes its place, and asking again succeeds.
#include "tests/faults/campaign.h"

namespace sutra::faults {
namespace {

class CommsKilledAtItsCalls : public Campaign {
 protected:
  Answer ask(const std::string& id) {
    const auto response = agent.spawn(id);
    const bool answered = !response.error_message().starts_with("rpc: ");
    return {answered, response.success(), response.pid(), response.port(), response.error_message()};
  }
};

TEST_F(CommsKilledAtItsCalls, DuringASpawn) {
  agent.start_and_wait();
  const pid_t keeper = must_start("serve-keeper");
  hurt_at_every_call("comms of a spawn", {.subject = Subject::kThreads},
                     {.prepare =
                          [&](const std::string&) {
                            // The second death in a row would be answered with a pause; a new supervisor
                            // knows of none.
                            agent.kill();
                            agent.start_and_wait();
                          },
                      .perform = [&](const std::string& id) { return ask(id); },
                      .judge =
                          [&](const std::string& id, const Answer& answer, const Tracer::Outcome& outcome) {
                            EXPECT_TRUE(!outcome.hurt() || outcome.died);
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
