// sutra-agentctl against the real agent, and sutra-agent's own command line.
#include <gmock/gmock.h>

#include <cstdlib>

#include "tests/support/fixture.h"

namespace sutra::e2e {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class OperatorTool : public AgentTest {};

TEST_F(OperatorTool, StatusSaysThatNothingRunsWithExitStatusThree) {
  const auto r = agent.ctl({"status"});
  EXPECT_EQ(r.status, 3);
  EXPECT_THAT(r.err, HasSubstr("does not run"));
  EXPECT_EQ(r.out, "");
}

TEST_F(OperatorTool, SpawnsListsRestartsAndStops) {
  start();
  auto r = agent.ctl({"spawn", "serve-1"});
  EXPECT_EQ(r.status, 0) << r.err;
  EXPECT_THAT(r.out, AllOf(HasSubstr("serve-1"), HasSubstr("port " + std::to_string(sandbox.range_start()))));
  EXPECT_THAT(agent.ctl({"list"}).out, AllOf(HasSubstr("serve-1"), HasSubstr("running")));
  EXPECT_THAT(agent.ctl({"list", "--json"}).out,
              AllOf(HasSubstr("\"schema\": 1"), HasSubstr("\"state\": \"running\"")));
  const auto before = agent.node("serve-1")->pid();
  r = agent.ctl({"restart", "serve-1"});
  EXPECT_EQ(r.status, 0) << r.err;
  ASSERT_TRUE(agent.wait_replaced("serve-1", before));
  EXPECT_EQ(agent.node("serve-1")->restart_count(), 0U) << "an operator's restart is not counted";
  EXPECT_EQ(agent.ctl({"stop", "serve-1"}).status, 0);
  EXPECT_EQ(agent.ctl({"stop", "serve-1"}).status, 1);
  EXPECT_THAT(agent.ctl({"stop", "serve-1"}).err, HasSubstr("no node has this id"));
}

TEST_F(OperatorTool, WorksWhileCommsIsDown) {
  sandbox.write_config();
  agent.start_and_wait();
  const pid_t comms = agent.comms_pid();
  ASSERT_TRUE(sandbox.signal(comms, SIGSTOP));
  EXPECT_EQ(agent.ctl({"list"}).status, 0);
  EXPECT_EQ(agent.ctl({"spawn", "--help"}).status, 0);
  const auto status = agent.ctl({"status", "--json"});
  EXPECT_EQ(status.status, 0);
  EXPECT_THAT(status.out, AllOf(HasSubstr("\"agent\""), HasSubstr("\"comms\""), HasSubstr("\"master\"")));
  ASSERT_TRUE(sandbox.signal(comms, SIGCONT));
}

TEST_F(OperatorTool, UsageErrorsEndWithExitStatusTwo) {
  EXPECT_EQ(agent.ctl({}).status, 2);
  EXPECT_EQ(agent.ctl({"frobnicate"}).status, 2);
  EXPECT_EQ(agent.ctl({"stop"}).status, 2);
  EXPECT_EQ(run({sandbox.binary("sutra-agent"), "--nonsense"}).status, 2);
}

TEST_F(OperatorTool, CheckConfigPrintsTheEffectiveConfigurationOrAllFaults) {
  sandbox.write_config();
  for (const std::string& program : {sandbox.binary("sutra-agent")}) {
    const auto good = run({program, "--check-config", "--config", sandbox.config_path()});
    EXPECT_EQ(good.status, 0) << good.err;
    EXPECT_THAT(good.out, HasSubstr("max_storage_nodes = 100"));
  }
  EXPECT_EQ(agent.ctl({"check-config"}).status, 0);
  sandbox.set("agent", "agent_port", "0").set("storage", "binary_pth", "\"x\"");
  sandbox.write_config();
  const auto bad = run({sandbox.binary("sutra-agent"), "--check-config", sandbox.config_path()});
  EXPECT_EQ(bad.status, 78);
  EXPECT_THAT(bad.err, AllOf(HasSubstr("agent_port"), HasSubstr("binary_pth"), HasSubstr("binary_path")));
  EXPECT_EQ(run({sandbox.binary("sutra-agent"), sandbox.config_path()}).status, 78)
      << "a start says the same";
}

TEST_F(OperatorTool, ASecondAgentOnTheSameDirectoriesNamesTheFirst) {
  start();
  const auto second = run({sandbox.binary("sutra-agent"), sandbox.config_path()});
  EXPECT_NE(second.status, 0);
  EXPECT_THAT(second.err, AllOf(HasSubstr(std::to_string(agent.pid())), HasSubstr("runtime_dir")));
  EXPECT_EQ(agent.nodes().size(), 0U);
}

/// While it lives, the agent of the test is the one that the tool takes when nobody names another.
class DefaultAgent {
 public:
  explicit DefaultAgent(const Sandbox& sandbox) { setenv("RUNTIME_DIRECTORY", sandbox.at("run").c_str(), 1); }
  ~DefaultAgent() { unsetenv("RUNTIME_DIRECTORY"); }
  DefaultAgent(const DefaultAgent&) = delete;
  DefaultAgent& operator=(const DefaultAgent&) = delete;
};

TEST_F(OperatorTool, AConfigurationThatSaysNothingNeverLeadsToTheDefaultAgent) {
  start();
  const std::string file = sandbox.at("other.toml");
  const DefaultAgent here(sandbox);
  write_file(file, read_file(sandbox.config_path()));
  const auto ctl = [&](const std::string& config, const std::string& verb) {
    return run({sandbox.binary("sutra-agentctl"), "--config", config, verb, "victim"});
  };
  const std::string missing = sandbox.at("typo.toml");
  for (const std::string verb : {"spawn", "stop", "restart"}) {
    const auto r = ctl(missing, verb);
    EXPECT_EQ(r.status, 1) << verb;
    EXPECT_THAT(r.err, AllOf(HasSubstr(missing), HasSubstr("No such file")));
    EXPECT_EQ(r.out, "");
  }
  EXPECT_EQ(run({sandbox.binary("sutra-agentctl"), "--config", missing, "status"}).status, 1)
      << "not 3: whether an agent runs was not looked at";
  EXPECT_THAT(ctl(sandbox.path(), "spawn").err, HasSubstr("it is a directory"));
  for (const std::string text :
       {"", "not TOML", "[agent]\nruntime_dir = 7\n", "[agent]\nruntime_dir = \"~/run\"\n"}) {
    write_file(file, text);
    const auto r = ctl(file, "spawn");
    EXPECT_EQ(r.status, 1) << text;
    EXPECT_THAT(r.err, AllOf(HasSubstr(file + ":"), HasSubstr("--runtime-dir"))) << text;
  }
  EXPECT_EQ(ctl("", "spawn").status, 2) << "a script's empty variable";
  EXPECT_EQ(agent.nodes().size(), 0U);
}

TEST_F(OperatorTool, AFileThatIsGivenSaysWhichAgentIsMeant) {
  start();
  const std::string file = sandbox.at("other.toml");
  const auto list = [&] { return run({sandbox.binary("sutra-agentctl"), "--config", file, "list"}); };
  write_file(file, "[agent]\nruntime_dir = \"" + sandbox.at("run") + "\"\nagent_port = 0\n[half");
  EXPECT_EQ(list().status, 0) << "its faults elsewhere do not matter: " << list().err;
  const DefaultAgent here(sandbox);
  write_file(file, "[agent]\nruntime_dir = \"" + sandbox.at("elsewhere") + "\"\n");
  EXPECT_EQ(list().status, 1);
  EXPECT_THAT(list().err, HasSubstr(sandbox.at("elsewhere")));
  sandbox.set("agent", "runtime_dir", "").write_config();
  write_file(file, read_file(sandbox.config_path()));
  EXPECT_EQ(list().status, 0) << "without the key its agent is the default one: " << list().err;
}

TEST_F(OperatorTool, DoctorNamesTheProtectionsThatAreOff) {
  start();
  const auto r = agent.ctl({"doctor"});
  EXPECT_EQ(r.status, 0);
  EXPECT_THAT(r.out, AllOf(HasSubstr("node cgroups"), HasSubstr("sandbox")));
}

}  // namespace
}  // namespace sutra::e2e
