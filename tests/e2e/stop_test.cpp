// StopNode, GetNodeStatus and ListNodes, rule by rule, against the real agent.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "tests/support/fixture.h"

namespace sutra::e2e {
namespace {

using ::testing::HasSubstr;

class Stop : public AgentTest {
 protected:
  /// Live processes whose environment has NODE_ID=id and a directory of this sandbox. Knows nothing of the
  /// agent.
  std::vector<pid_t> processes_of(const std::string& id) const {
    std::vector<pid_t> found;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const std::string name = entry.path().filename();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      const std::string environ = read_file(entry.path() / "environ");
      const bool ours = environ.find("STORAGE_PATH=" + sandbox.path() + "/") != std::string::npos;
      if (ours && environ.find("NODE_ID=" + id + '\0') != std::string::npos) found.push_back(std::stoi(name));
    }
    return found;
  }
};

TEST_F(Stop, EndsTheWholeTreeForgetsTheNodeAndKeepsItsData) {
  start();
  for (const std::string& id :
       {std::string("orphan-1"), std::string("doublefork-1"), std::string("daemonize-1")}) {
    if (id != "daemonize-1") must_spawn(id);
  }
  ASSERT_TRUE(eventually([&] { return processes_of("orphan-1").size() == 2; }));
  ASSERT_TRUE(eventually([&] { return processes_of("doublefork-1").size() == 2; }));
  write_file(sandbox.at("data/orphan-1/keep"), "me");
  sandbox.set("storage", "stop_grace_secs", "1");
  for (const std::string& id : {std::string("orphan-1"), std::string("doublefork-1")}) {
    EXPECT_TRUE(agent.stop_node(id).success());
    EXPECT_TRUE(processes_of(id).empty()) << "the answer comes when nothing of it is left";
    EXPECT_FALSE(agent.node(id));
  }
  EXPECT_EQ(read_file(sandbox.at("data/orphan-1/keep")), "me");
}

TEST_F(Stop, ANodeThatIgnoresSigtermIsKilledAfterTheGrace) {
  sandbox.set("storage", "stop_grace_secs", "1");
  start();
  const auto r = must_spawn("ignoreterm-1");
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(agent.stop_node("ignoreterm-1").success());
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 900ms) << "it had its grace";
  EXPECT_FALSE(process_exists(static_cast<pid_t>(r.pid())));
}

TEST_F(Stop, CancelsAStart) {
  sandbox.set("storage", "stop_grace_secs", "1");
  start();
  auto starting = std::async(std::launch::async, [&] { return agent.spawn("deaf-1"); });
  ASSERT_TRUE(eventually([&] {
    const auto n = agent.node("deaf-1");
    return n && n->pid() != 0;
  })) << "pid is shown in starting, too";
  EXPECT_EQ(agent.node("deaf-1")->status(), "starting");
  EXPECT_TRUE(agent.stop_node("deaf-1").success());
  EXPECT_THAT(starting.get().error_message(), HasSubstr("stopped meanwhile"));
  EXPECT_TRUE(processes_of("deaf-1").empty());
}

TEST_F(Stop, CancelsABackoff) {
  sandbox.set("monitoring", "backoff_initial_ms", "1000");
  start();
  must_spawn("once-1");
  ASSERT_TRUE(sandbox.signal(agent.node("once-1")->pid(), SIGKILL));
  ASSERT_TRUE(eventually([&] { return agent.events("died", "once-1").size() >= 2; }));
  EXPECT_TRUE(agent.stop_node("once-1").success());
  EXPECT_FALSE(agent.node("once-1"));
  EXPECT_TRUE(agent.nodes().empty());
}

TEST_F(Stop, AnUnknownNodeIsAFailureAndItsStatusNotFound) {
  start();
  const auto r = agent.stop_node("nobody");
  EXPECT_FALSE(r.success());
  EXPECT_THAT(r.error_message(), HasSubstr("nobody"));
  EXPECT_FALSE(agent.node("nobody"));
}

TEST_F(Stop, ASpawnDuringAStopIsAnErrorAndAStatusIsNeverBlocked) {
  sandbox.set("storage", "stop_grace_secs", "3");
  start();
  must_spawn("ignoreterm-1");
  auto stopping = std::async(std::launch::async, [&] { return agent.stop_node("ignoreterm-1"); });
  ASSERT_TRUE(agent.wait_status("ignoreterm-1", "stopping"));
  EXPECT_THAT(agent.spawn("ignoreterm-1").error_message(), HasSubstr("being stopped"));
  EXPECT_EQ(agent.node("ignoreterm-1")->status(), "stopping");
  EXPECT_NE(agent.node("ignoreterm-1")->pid(), 0U) << "the live process is shown in every state";
  EXPECT_EQ(agent.nodes().size(), 1U);
  EXPECT_EQ(stopping.wait_for(0s), std::future_status::timeout) << "all of that was answered meanwhile";
  EXPECT_TRUE(stopping.get().success());
}

TEST_F(Stop, AStoppedNodeNeverComesBack) {
  start();
  must_spawn("serve-1");
  must_spawn("serve-2");
  EXPECT_TRUE(agent.stop_node("serve-1").success());
  agent.kill();
  agent.start_and_wait();
  ASSERT_TRUE(agent.wait_status("serve-2", "running"));
  EXPECT_FALSE(agent.node("serve-1"));
  EXPECT_TRUE(processes_of("serve-1").empty());
}

TEST_F(Stop, ACallerThatHangsUpChangesNothing) {
  start();
  grpc::ClientContext context;
  auto call = std::async(std::launch::async, [&] {
    agent::SpawnNodeRequest request;
    request.set_node_id("late500-1");
    agent::SpawnNodeResponse response;
    return agent.stub().SpawnNode(&context, request, &response);
  });
  ASSERT_TRUE(eventually([&] { return agent.node("late500-1").has_value(); }));
  context.TryCancel();
  EXPECT_EQ(call.get().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(agent.wait_status("late500-1", "running")) << "the request itself goes on";
}

}  // namespace
}  // namespace sutra::e2e
