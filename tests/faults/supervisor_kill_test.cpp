// The supervisor is killed at every system call of an operation; the next one restores the expected state.
#include <csignal>

#include "tests/faults/campaign.h"

namespace sutra::faults {
namespace {

using namespace std::chrono_literals;

class SupervisorKilledAtEveryCall : public Campaign {
 protected:
  void SetUp() override {
    Campaign::SetUp();
    if (IsSkipped()) return;
    start_supervisor();
    keeper = must_start("serve-keeper");
  }
  void retire(const std::string& id) {
    expect_stop_succeeds(id);
    expect_world({"serve-keeper"});
    expect_untouched("serve-keeper", keeper);
  }

  pid_t keeper = 0;
};

TEST_F(SupervisorKilledAtEveryCall, DuringASpawn) {
  inject_at_every_call("spawn", {},
                       {.prepare = [](const std::string&) {},
                        .perform = [&](const std::string& id) { return control.start(id); },
                        .judge =
                            [&](const std::string& id, const Answer& answer, const auto&) {
                              if (answer.answered) {
                                EXPECT_TRUE(answer.success) << answer.text;
                                expect_untouched(id, static_cast<pid_t>(answer.pid));
                              }
                              expect_start_succeeds(id);
                              expect_world({"serve-keeper", id});
                              retire(id);
                            }});
}

TEST_F(SupervisorKilledAtEveryCall, DuringAStop) {
  inject_at_every_call("stop", {},
                       {.prepare = [&](const std::string& id) { must_start(id); },
                        .perform = [&](const std::string& id) { return control.stop(id); },
                        .judge =
                            [&](const std::string& id, const Answer& answer, const auto&) {
                              if (answer.answered) {
                                EXPECT_TRUE(answer.success) << answer.text;
                                EXPECT_EQ(server(id), 0) << "it was answered that it is gone";
                                EXPECT_FALSE(control.node(id).has_value());
                              }
                              retire(id);
                            }});
}

TEST_F(SupervisorKilledAtEveryCall, DuringAReload) {
  const pid_t other = must_start("serve-other");
  inject_at_every_call("reload", {},
                       {.prepare = [](const std::string&) {},
                        .perform = [&](const std::string&) { return control.reload(); },
                        .judge =
                            [&](const std::string&, const Answer& answer, const auto&) {
                              EXPECT_TRUE(!answer.answered || answer.success) << answer.text;
                              expect_world({"serve-keeper", "serve-other"});
                              expect_untouched("serve-keeper", keeper);
                              expect_untouched("serve-other", other);
                            }});
}

// One node runs; the other died while no supervisor ran.
TEST_F(SupervisorKilledAtEveryCall, DuringAnAdoption) {
  const pid_t other = must_start("serve-other");
  inject_at_every_call("adoption", {},
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
                              expect_world({"serve-keeper", "serve-other", id});
                              expect_untouched("serve-keeper", keeper);
                              expect_untouched("serve-other", other);
                              expect_stop_succeeds(id);
                              expect_world({"serve-keeper", "serve-other"});
                            },
                        .from_exec = true});
}

TEST_F(SupervisorKilledAtEveryCall, WhileItHandlesACrash) {
  pid_t victim = 0;
  inject_at_every_call("crash", {},
                       {.prepare = [&](const std::string& id) { victim = must_start(id); },
                        .perform =
                            [&](const std::string& id) {
                              EXPECT_TRUE(sandbox.signal(victim, SIGKILL));
                              EXPECT_TRUE(e2e::eventually([&] {
                                const auto row = control.node(id);
                                return has_ended() ||
                                       (row && row->state == NodeState::kRunning && row->pid != 0 &&
                                        row->pid != static_cast<unsigned>(victim));
                              }));
                              return Answer{};
                            },
                        .judge =
                            [&](const std::string& id, const auto&, const auto&) {
                              expect_world({"serve-keeper", id});
                              EXPECT_NE(server(id), victim);
                              retire(id);
                            }});
}

}  // namespace
}  // namespace sutra::faults
