// Many requests at once, and stopped processes: many reloads, nodes that ignore SIGTERM, SIGSTOP.
#include <grpcpp/grpcpp.h>
#include <poll.h>

#include <atomic>
#include <csignal>
#include <future>
#include <iostream>
#include <thread>

#include "tests/faults/campaign.h"

namespace sutra::faults {
namespace {

using namespace std::chrono_literals;

class Storm : public Campaign {};

TEST_F(Storm, AHundredReloadsInASecondDuringSpawnsLoseNothing) {
  start_supervisor();
  const pid_t supervisor = agent.pid();
  const pid_t keeper = must_start("serve-keeper");
  std::atomic<bool> over{false};
  std::thread reloads([&] {
    for (int i = 0; i < 100; ++i) {
      agent.signal(SIGHUP);
      poll(nullptr, 0, 10);
    }
    over = true;
  });
  std::set<std::string> nodes{"serve-keeper"};
  int asked = 0;
  for (int i = 0; i < 10 || !over; ++i) {
    const std::string id = "serve-" + std::to_string(i);
    if (i >= 90) break;
    // A reload may close the connection before the answer; repeating the request is safe.
    EXPECT_TRUE(e2e::eventually([&] { return ++asked, control.start(id).success; })) << id;
    nodes.insert(id);
  }
  reloads.join();
  EXPECT_TRUE(e2e::eventually([&] { return control.alive(); }));
  expect_world(nodes);
  expect_untouched("serve-keeper", keeper);
  EXPECT_EQ(agent.pid(), supervisor);
  EXPECT_TRUE(e2e::process_exists(supervisor));
  std::cout << "100 SIGHUPs, " << nodes.size() - 1 << " nodes started with " << asked << " requests\n";
}

TEST_F(Storm, AHundredNodesThatIgnoreSigtermAreGoneSoonAfterTheGrace) {
  sandbox.set("storage", "stop_grace_secs", "2");
  sandbox.write_config();
  agent.start_and_wait();
  constexpr std::size_t kNodes = 100;
  const auto name = [](std::size_t i) { return "ignoreterm-" + std::to_string(i); };
  for (std::size_t i = 0; i < kNodes; ++i) must_start(name(i));
  std::set<std::string> faults;
  ASSERT_EQ(servers_in(sandbox, faults).size(), kNodes);
  // A node ignores the signal before it listens.
  for (std::size_t i = 0; i < kNodes; ++i) {
    const auto row = control.node(name(i));
    ASSERT_TRUE(row);
    ASSERT_TRUE(e2e::eventually(
        [&] { return e2e::ask_port(static_cast<std::uint16_t>(row->port), "PING\n") == "PONG"; }));
  }
  std::vector<agent::StopNodeRequest> requests(kNodes);
  std::vector<agent::StopNodeResponse> responses(kNodes);
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::atomic<std::size_t> answered{0};
  const auto from = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < kNodes; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    requests[i].set_node_id(name(i));
    agent.stub().async()->StopNode(contexts.back().get(), &requests[i], &responses[i],
                                   [&](const grpc::Status&) { ++answered; });
  }
  EXPECT_TRUE(e2e::eventually([&] { return answered == kNodes; }, 30s));
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - from);
  for (const auto& response : responses) EXPECT_TRUE(response.success()) << response.error_message();
  std::cout << kNodes << " nodes that ignore SIGTERM, grace 2 s: all answered after " << took.count()
            << " ms\n";
  EXPECT_GE(took, 2000ms);
  EXPECT_LE(took, 4000ms);
  expect_world({});
}

TEST_F(Storm, AStoppedSupervisorDisturbsNoNodeAndCatchesUp) {
  agent.start_and_wait();
  const pid_t keeper = must_start("serve-keeper");
  const pid_t victim = must_start("serve-victim");
  const pid_t comms = agent.comms_pid();
  agent.signal(SIGSTOP);
  ASSERT_TRUE(sandbox.signal(victim, SIGKILL));
  const auto row = control.node("serve-keeper");
  ASSERT_TRUE(row);
  EXPECT_EQ(e2e::ask_port(static_cast<std::uint16_t>(row->port), "PING\n"), "PONG");
  EXPECT_EQ(agent.nodes().size(), 2U) << "comms answers from the table";
  agent.signal(SIGCONT);
  EXPECT_TRUE(agent.wait_replaced("serve-victim", static_cast<std::uint32_t>(victim)));
  expect_world({"serve-keeper", "serve-victim"});
  expect_untouched("serve-keeper", keeper);
  EXPECT_EQ(agent.comms_pid(), comms);
}

TEST_F(Storm, AStoppedLauncherDelaysNoOtherNodeAndIsGivenUp) {
  start_supervisor();
  const pid_t keeper = must_start("serve-keeper");
  Tracer tracer(agent.pid(), {.subject = Subject::kLauncher, .nth = 20, .signal = SIGSTOP});
  auto stuck = std::async(std::launch::async, [&] { return control.start("serve-stuck"); });
  ASSERT_TRUE(e2e::eventually([&] { return tracer.done(); }));
  EXPECT_TRUE(tracer.finish().injected());
  must_start("serve-other");
  const Answer answer = stuck.get();
  EXPECT_TRUE(answer.answered) << "a Master waits for 30 s";
  EXPECT_FALSE(answer.success);
  EXPECT_NE(answer.text.find("the launcher did not execute it within 5 s and was killed"), std::string::npos)
      << answer.text;
  expect_world({"serve-keeper", "serve-other"});
  expect_untouched("serve-keeper", keeper);
  expect_start_succeeds("serve-stuck");
  expect_world({"serve-keeper", "serve-other", "serve-stuck"});
}

}  // namespace
}  // namespace sutra::faults
