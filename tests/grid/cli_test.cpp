#include "tests/grid/cli.h"

#include <gmock/gmock.h>

#include <sstream>

#include "tests/grid/cli_output.h"
#include "tests/grid/master_fixture.h"

namespace sutra::grid_testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

struct Ran {
  int status;
  std::string out;
  std::string err;
};

Ran run(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "sutra-grid-cli");
  std::ostringstream out;
  std::ostringstream err;
  const int status = run_cli(static_cast<int>(arguments.size()), arguments.data(), out, err);
  return {status, out.str(), err.str()};
}

TEST(GridCliOutput, AlignsColumnsWithoutTrailingSpaces) {
  std::ostringstream out;
  print_table(out, {{"A", "LONG", "X"}, {"value", "b", ""}, {"c", "", "z"}});
  EXPECT_EQ(out.str(), "A      LONG  X\nvalue  b     \nc            z\n");
}

TEST(GridCliOutput, SaysHowLongAgo) {
  EXPECT_EQ(ago(0, 100), "never");
  EXPECT_EQ(ago(100, 97), "0s ago");
  EXPECT_EQ(ago(100, 219), "119s ago");
  EXPECT_EQ(ago(100, 220), "2m ago");
  EXPECT_EQ(ago(100, 7300), "2h ago");
  EXPECT_EQ(ago(100, 172'900), "2d ago");
}

TEST(GridCli, WrongUsageEndsWithStatus2) {
  EXPECT_EQ(run({}).status, 2);
  EXPECT_EQ(run({"fly"}).status, 2);
  EXPECT_EQ(run({"stop"}).status, 2);
  EXPECT_EQ(run({"spawn", "--port", "70000"}).status, 2);
  EXPECT_EQ(run({"status", "--master", "nowhere"}).status, 2);
  EXPECT_EQ(run({"status", "--tls-ca", "ca.pem"}).status, 2);
}

TEST(GridCli, HelpGoesToStdout) {
  const Ran ran = run({"spawn", "--help"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_THAT(ran.out, HasSubstr("--path"));
  EXPECT_EQ(ran.err, "");
}

TEST(GridCli, AnUnreachableMasterIsAFailureThatNamesItsAddress) {
  const Ran ran = run({"list-agents", "--master", "127.0.0.1:1"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.out, "");
  EXPECT_THAT(ran.err, AllOf(HasSubstr("127.0.0.1:1"), HasSubstr("--master")));
}

class GridCliTest : public MasterTest {
 protected:
  Ran ask_master(std::vector<const char*> arguments) {
    address_ = master_.address();
    arguments.insert(arguments.end(), {"--master", address_.c_str()});
    return run(arguments);
  }
  std::string address_;
};

TEST_F(GridCliTest, SpawnTakesTheOnlyAgentAndPrintsNodeAndEndpoint) {
  FakeAgent agent;
  enroll("a", agent.endpoint());
  const Ran ran = ask_master({"spawn", "--memory-mb", "64"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr(agent.last_spawn().node_id()), HasSubstr("127.0.0.1:50051")));
  EXPECT_EQ(agent.last_spawn().storage_path(), "");
  EXPECT_EQ(agent.last_spawn().port(), 0U);
  EXPECT_EQ(agent.last_spawn().memory_limit_mb(), 64U);
}

TEST_F(GridCliTest, SpawnListsTheAgentsWhenThereAreSeveral) {
  FakeAgent agent;
  EXPECT_EQ(ask_master({"spawn"}).status, 1);
  enroll("a", agent.endpoint());
  enroll("b", agent.endpoint());
  const Ran ran = ask_master({"spawn"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("--agent"), HasSubstr("  a\n"), HasSubstr("  b\n")));
  EXPECT_EQ(ask_master({"spawn", "--agent", "b"}).status, 0);
}

TEST_F(GridCliTest, AFailedSpawnSaysWhyAndEndsWithStatus1) {
  FakeAgent agent;
  agent.refuse("disk full");
  enroll("a", agent.endpoint());
  const Ran ran = ask_master({"spawn", "--json"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err, HasSubstr("disk full"));
  EXPECT_THAT(ran.out, HasSubstr("\"success\": false"));
}

TEST_F(GridCliTest, ShowsAgentsClusterAndNodes) {
  FakeAgent agent;
  agent.add_node("n1", "running", 11);
  enroll("a", agent.endpoint());
  EXPECT_THAT(ask_master({"list-agents"}).out,
              AllOf(HasSubstr("AGENT"), HasSubstr("healthy"), HasSubstr("1/0")));
  EXPECT_THAT(ask_master({"list-agents", "--json"}).out, HasSubstr("\"node_id\": \"n1\""));
  EXPECT_THAT(ask_master({"status"}).out, AllOf(HasSubstr("1 (1 running)"), HasSubstr("n1    running  11")));
  EXPECT_THAT(ask_master({"status", "--json"}).out, HasSubstr("\"running_storage_nodes\": 1"));
  EXPECT_THAT(ask_master({"node-status", "n1"}).out, HasSubstr("n1    running  11   127.0.0.1:50051"));
  EXPECT_EQ(ask_master({"node-status", "n2"}).status, 1);
}

TEST_F(GridCliTest, StopFindsTheNodesAgent) {
  FakeAgent agent;
  agent.add_node("n1", "running", 11);
  enroll("a", agent.endpoint());
  EXPECT_EQ(ask_master({"stop", "n1"}).status, 0);
  EXPECT_EQ(ask_master({"stop", "n1"}).status, 1);
}

}  // namespace
}  // namespace sutra::grid_testing
