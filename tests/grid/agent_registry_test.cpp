#include "tests/grid/agent_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sutra::grid_testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

::grid::AgentInfo agent_info(const std::string& id) {
  ::grid::AgentInfo info;
  info.set_agent_id(id);
  info.set_hostname("host-" + id);
  info.set_platform("desktop");
  info.set_max_storage_nodes(10);
  info.set_agent_endpoint("127.0.0.1:8000");
  return info;
}

::grid::NodeStatus node(const std::string& id, const std::string& status = "running", std::uint32_t pid = 7) {
  ::grid::NodeStatus node;
  node.set_node_id(id);
  node.set_status(status);
  node.set_pid(pid);
  return node;
}

class Registry : public ::testing::Test {
 protected:
  void pass(milliseconds time) { now_.steady += time; }
  bool beat(const std::string& id, std::uint32_t nodes = 0) {
    ::grid::HeartbeatRequest request;
    request.set_agent_id(id);
    request.set_storage_node_count(nodes);
    return registry_.heartbeat(request, now_);
  }
  void learn(const std::string& id, const std::vector<::grid::NodeStatus>& nodes) {
    ASSERT_TRUE(registry_.set_nodes(id, registry_.revision(id), nodes));
  }
  void enroll(const std::string& id, const std::vector<::grid::NodeStatus>& nodes = {}) {
    registry_.register_agent(agent_info(id), now_);
    learn(id, nodes);
  }

  Instant now_{std::chrono::steady_clock::time_point(seconds(1000)), 1'700'000'000};
  AgentRegistry registry_;
};

TEST_F(Registry, CallsAnAgentDegradedAfter15SecondsAndOfflineAfter30) {
  enroll("a");
  pass(milliseconds(14'999));
  EXPECT_EQ(registry_.health("a", now_), Health::kHealthy);
  pass(milliseconds(1));
  EXPECT_EQ(registry_.health("a", now_), Health::kDegraded);
  pass(milliseconds(14'999));
  EXPECT_EQ(registry_.health("a", now_), Health::kDegraded);
  pass(milliseconds(1));
  EXPECT_EQ(registry_.health("a", now_), Health::kOffline);
  EXPECT_TRUE(beat("a"));
  EXPECT_EQ(registry_.health("a", now_), Health::kHealthy);
}

TEST_F(Registry, DoesNotKnowTheHeartbeatOfAnUnregisteredAgent) {
  EXPECT_FALSE(beat("a"));
  enroll("a");
  EXPECT_TRUE(beat("a"));
  EXPECT_TRUE(registry_.unregister_agent("a"));
  EXPECT_FALSE(beat("a"));
  EXPECT_FALSE(registry_.unregister_agent("a"));
}

TEST_F(Registry, ForgetsTheNodesOfAnAgentThatRegistersAgain) {
  enroll("a", {node("n1")});
  enroll("b", {node("n2")});
  registry_.register_agent(agent_info("a"), now_);
  EXPECT_EQ(registry_.agent_of("n1"), std::nullopt);
  EXPECT_EQ(registry_.agent_of("n2"), "b");
  EXPECT_TRUE(registry_.wants_refresh("a"));
}

TEST_F(Registry, ForgetsTheNodesOfAnAgentThatUnregisters) {
  enroll("a", {node("n1")});
  registry_.unregister_agent("a");
  EXPECT_EQ(registry_.agent_of("n1"), std::nullopt);
  EXPECT_EQ(registry_.cluster(now_).total_storage_nodes(), 0U);
}

TEST_F(Registry, DropsAListThatWasAskedForBeforeASpawn) {
  enroll("a");
  const auto before = registry_.revision("a");
  registry_.put_node("a", node("n1"));
  EXPECT_FALSE(registry_.set_nodes("a", before, {}));
  EXPECT_EQ(registry_.agent_of("n1"), "a");
}

TEST_F(Registry, DropsAListThatWasAskedForBeforeAStop) {
  enroll("a", {node("n1")});
  const auto before = registry_.revision("a");
  registry_.remove_node("a", "n1");
  EXPECT_FALSE(registry_.set_nodes("a", before, {node("n1")}));
  EXPECT_EQ(registry_.agent_of("n1"), std::nullopt);
}

TEST_F(Registry, DropsAListThatWasAskedForBeforeARegistration) {
  enroll("a", {node("n1")});
  const auto before = registry_.revision("a");
  registry_.register_agent(agent_info("a"), now_);
  EXPECT_FALSE(registry_.set_nodes("a", before, {node("n1")}));
}

TEST_F(Registry, WantsToAskAgainOnlyWhenSomethingMayHaveChanged) {
  EXPECT_FALSE(registry_.wants_refresh("unknown"));
  registry_.register_agent(agent_info("a"), now_);
  EXPECT_TRUE(registry_.wants_refresh("a")) << "never learnt";
  learn("a", {node("n1"), node("n2", "failed", 0)});
  ASSERT_TRUE(beat("a", 1));
  EXPECT_FALSE(registry_.wants_refresh("a")) << "one live node, and the heartbeat says one";
  ASSERT_TRUE(beat("a", 2));
  EXPECT_TRUE(registry_.wants_refresh("a")) << "the count differs";
  learn("a", {node("n1"), node("n2", "starting", 8)});
  EXPECT_TRUE(registry_.wants_refresh("a")) << "a node is on its way to another status";
  learn("a", {node("n1"), node("n2")});
  EXPECT_FALSE(registry_.wants_refresh("a"));
  registry_.mark_stale("a");
  EXPECT_TRUE(registry_.wants_refresh("a")) << "a call ended without an answer";
}

TEST_F(Registry, ListsAgentsWithTheirNodesAndLastHeartbeat) {
  enroll("b", {node("n2"), node("n1", "failed", 0)});
  now_.unix_secs += 5;
  ASSERT_TRUE(beat("b", 1));
  enroll("a");
  const auto list = registry_.list(now_);
  ASSERT_EQ(list.agents_size(), 2);
  EXPECT_EQ(list.agents(0).agent_id(), "a");
  const auto& b = list.agents(1);
  EXPECT_EQ(b.hostname(), "host-b");
  EXPECT_EQ(b.platform(), "desktop");
  EXPECT_EQ(b.status(), "healthy");
  EXPECT_EQ(b.max_storage_nodes(), 10U);
  EXPECT_EQ(b.current_storage_nodes(), 1U);
  EXPECT_EQ(b.last_heartbeat(), 1'700'000'005U);
  ASSERT_EQ(b.storage_nodes_size(), 2);
  EXPECT_EQ(b.storage_nodes(0).node_id(), "n1");
  EXPECT_EQ(b.storage_nodes(0).status(), "failed");
}

TEST_F(Registry, ShowsTheHeartbeatsCountWhileTheNodesAreNotLearnt) {
  registry_.register_agent(agent_info("a"), now_);
  ASSERT_TRUE(beat("a", 3));
  EXPECT_EQ(registry_.list(now_).agents(0).current_storage_nodes(), 3U);
}

TEST_F(Registry, CallsTheClusterHealthyOnlyWhenAllAgentsAndNodesAre) {
  EXPECT_EQ(registry_.cluster(now_).status(), "critical") << "no agent at all";
  enroll("a", {node("n1")});
  enroll("b");
  EXPECT_EQ(registry_.cluster(now_).status(), "healthy");
  registry_.put_node("b", node("n2", "starting"));
  EXPECT_EQ(registry_.cluster(now_).status(), "degraded");
  EXPECT_EQ(registry_.cluster(now_).running_storage_nodes(), 1U);
  registry_.put_node("b", node("n2"));
  pass(seconds(15));
  ASSERT_TRUE(beat("b", 1));
  EXPECT_EQ(registry_.cluster(now_).status(), "degraded");
  EXPECT_EQ(registry_.cluster(now_).healthy_agents(), 1U);
  pass(seconds(15));
  EXPECT_EQ(registry_.cluster(now_).status(), "critical");
}

TEST_F(Registry, DoesNotCountNodesOfOfflineAgentsAsRunning) {
  enroll("a", {node("n1")});
  pass(seconds(30));
  EXPECT_EQ(registry_.cluster(now_).total_storage_nodes(), 1U);
  EXPECT_EQ(registry_.cluster(now_).running_storage_nodes(), 0U);
  EXPECT_THAT(registry_.reachable(now_), ::testing::IsEmpty());
}

TEST_F(Registry, ReportsAChangeOfHealthOnce) {
  enroll("a");
  EXPECT_TRUE(registry_.health_changes(now_).empty());
  pass(seconds(20));
  const auto changes = registry_.health_changes(now_);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].from, Health::kHealthy);
  EXPECT_EQ(changes[0].to, Health::kDegraded);
  EXPECT_TRUE(registry_.health_changes(now_).empty());
  ASSERT_TRUE(beat("a"));
  ASSERT_EQ(registry_.health_changes(now_).size(), 1U);
}

}  // namespace
}  // namespace sutra::grid_testing
