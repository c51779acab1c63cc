// What survives which event: crashes of comms and supervisor, reload, orderly stop. The real agent; the Master runs in
// this process.
#include <gmock/gmock.h>

#include <dirent.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>

#include "tests/grid/callback_threads.h"
#include "tests/grid/reference_master.h"
#include "tests/support/fixture.h"

namespace sutra::e2e {
namespace {

using grid_testing::AgentTrace;
using ::testing::HasSubstr;
using ::testing::Not;

class Survival : public AgentTest {
 protected:
  Survival() {
    EXPECT_TRUE(master.start("127.0.0.1:0"));
    sandbox.set("agent", "master_host", "\"" + master.address() + "\"");
    sandbox.set("agent", "agent_id", "\"" + id + "\"");
  }
  bool beats_more(std::uint64_t than) {
    return master.wait(
        id, [than](const AgentTrace& t) { return t.heartbeats > than; }, 30s);
  }
  std::uint64_t beats() { return master.trace(id).heartbeats; }
  std::map<std::string, std::uint32_t> pids() {
    std::map<std::string, std::uint32_t> all;
    for (const auto& n : agent.nodes()) all[n.node_id()] = n.pid();
    return all;
  }

  std::string id = "survivor-" + std::to_string(getpid());
  grid_testing::ReferenceMaster master;
};

TEST_F(Survival, ACrashedNodeKeepsItsPortPathAndLimitAndIsCounted) {
  start();
  const auto r = must_spawn("serve-1", 0, "some/where", 300);
  for (std::uint32_t crash = 1; crash <= 3; ++crash) {
    const auto before = *agent.node("serve-1");
    ASSERT_TRUE(sandbox.signal(before.pid(), SIGKILL));
    ASSERT_TRUE(agent.wait_replaced("serve-1", before.pid()));
    const auto after = *agent.node("serve-1");
    EXPECT_EQ(after.port(), r.port());
    EXPECT_EQ(after.storage_path(), sandbox.at("data/some/where"));
    EXPECT_EQ(after.restart_count(), crash);
    EXPECT_EQ(ask_port(static_cast<std::uint16_t>(r.port()), "PING\n"), "PONG");
  }
  EXPECT_EQ(agent.events("died", "serve-1").size(), 3U);
  EXPECT_THAT(agent.events("died", "serve-1").front(), HasSubstr("\"signal\""));
}

TEST_F(Survival, ANodeThatKeepsCrashingBacksOffAndIsQuarantined) {
  sandbox.set("monitoring", "max_restarts", "3");
  start();
  must_spawn("once-1");
  ASSERT_TRUE(sandbox.signal(agent.node("once-1")->pid(), SIGKILL));
  ASSERT_TRUE(agent.wait_status("once-1", "failed"));
  EXPECT_EQ(agent.events("died", "once-1").size(), 4U);
  EXPECT_EQ(agent.node("once-1")->pid(), 0U);
  std::filesystem::remove(sandbox.at("data/once-1/served-once"));
  EXPECT_TRUE(agent.spawn("once-1").success()) << "the same request starts it now";
}

TEST_F(Survival, WithoutRestartsACrashedNodeIsFailed) {
  sandbox.set("monitoring", "restart_failed_nodes", "false");
  start();
  must_spawn("serve-1");
  ASSERT_TRUE(sandbox.signal(agent.node("serve-1")->pid(), SIGKILL));
  EXPECT_TRUE(agent.wait_status("serve-1", "failed"));
}

TEST_F(Survival, KillingCommsLeavesNodesAloneAndTheNextCommsSendsAHeartbeatFirst) {
  start();
  must_spawn("serve-1");
  must_spawn("serve-2");
  ASSERT_TRUE(beats_more(1));
  const auto before = pids();
  const auto registrations = master.trace(id).registrations;
  for (int i = 0; i < 3; ++i) {
    const pid_t comms = agent.comms_pid();
    ASSERT_GT(comms, 0);
    ASSERT_TRUE(sandbox.signal(comms, SIGKILL));
    ASSERT_TRUE(eventually([&] { return agent.comms_pid() != 0 && agent.comms_pid() != comms; }));
    ASSERT_TRUE(beats_more(beats() + 1));
  }
  EXPECT_EQ(pids(), before);
  EXPECT_EQ(master.trace(id).registrations, registrations)
      << "a registration would make the Master forget the nodes";
  EXPECT_TRUE(agent.log_has("✅ Reconnected to Master"));
}

TEST_F(Survival, AHungCommsIsReplaced) {
  start();
  must_spawn("serve-1");
  const auto before = pids();
  const pid_t comms = agent.comms_pid();
  ASSERT_TRUE(sandbox.signal(comms, SIGSTOP));
  ASSERT_TRUE(eventually([&] { return agent.comms_pid() != 0 && agent.comms_pid() != comms; }, 30s));
  ASSERT_TRUE(agent.wait_until_serving());
  EXPECT_EQ(pids(), before);
  EXPECT_TRUE(agent.log_has("missed 3 pings"));
  EXPECT_TRUE(agent.log_has("comms thread ")) << "where its threads were";
}

TEST_F(Survival, KillingTheSupervisorLeavesNodesRunningAndTheNextOneAdoptsThem) {
  start();
  for (int i = 0; i < 5; ++i) must_spawn("serve-" + std::to_string(i));
  const auto before = pids();
  for (int i = 0; i < 3; ++i) {
    agent.kill();
    for (const auto& [node, pid] : before) EXPECT_TRUE(process_exists(static_cast<pid_t>(pid))) << node;
    agent.start_and_wait();
    ASSERT_TRUE(eventually([&] { return pids() == before; }));
  }
  const auto victim = before.at("serve-0");
  ASSERT_TRUE(sandbox.signal(victim, SIGKILL));
  EXPECT_TRUE(agent.wait_replaced("serve-0", victim)) << "an adopted node is supervised like any other";
  EXPECT_EQ(agent.events("died", "serve-0").size(), 1U);
}

TEST_F(Survival, ADeathWhileNoSupervisorRanIsRecordedAndTheNodeIsRestarted) {
  start();
  const auto r = must_spawn("serve-1");
  agent.kill();
  ASSERT_TRUE(sandbox.signal(r.pid(), SIGKILL));
  ASSERT_TRUE(eventually([&] { return !process_exists(static_cast<pid_t>(r.pid())); }));
  agent.start_and_wait();
  ASSERT_TRUE(agent.wait_replaced("serve-1", r.pid()));
  EXPECT_EQ(agent.node("serve-1")->port(), r.port());
  const auto deaths = agent.events("died", "serve-1");
  ASSERT_EQ(deaths.size(), 1U);
  EXPECT_THAT(deaths.front(), HasSubstr("unknown")) << "nobody saw how it ended, so the cause is unknown";
}

TEST_F(Survival, AReloadKeepsSupervisorAndNodesAndReplacesComms) {
  start();
  must_spawn("serve-1");
  must_spawn("serve-2");
  ASSERT_TRUE(beats_more(1));
  const auto before = pids();
  const pid_t supervisor = agent.pid();
  const pid_t comms = agent.comms_pid();
  const auto trace = master.trace(id);
  const auto result = agent.ctl({"reload"});
  EXPECT_EQ(result.status, 0) << result.err;
  ASSERT_TRUE(eventually([&] { return agent.comms_pid() != 0 && agent.comms_pid() != comms; }));
  ASSERT_TRUE(beats_more(trace.heartbeats));
  EXPECT_EQ(pids(), before);
  EXPECT_EQ(agent.pid(), supervisor);
  EXPECT_EQ(master.trace(id).registrations, trace.registrations);
  EXPECT_EQ(master.trace(id).unregistrations, 0U) << "only a stop unregisters";
  const auto victim = before.at("serve-1");
  ASSERT_TRUE(sandbox.signal(victim, SIGKILL));
  ASSERT_TRUE(agent.wait_replaced("serve-1", victim));
  EXPECT_THAT(agent.events("died", "serve-1").front(), HasSubstr("\"signal\""))
      << "still our child, so the cause is known";
}

TEST_F(Survival, ARefusedReloadChangesNothingAndSaysWhy) {
  start();
  must_spawn("serve-1");
  const auto before = pids();
  const pid_t comms = agent.comms_pid();
  sandbox.set("agent", "agent_portt", "1");
  sandbox.write_config();
  const auto result = agent.ctl({"reload"});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("agent_portt"));
  sandbox.set("agent", "agent_portt", "").set("agent", "agent_id", "\"somebody-else\"");
  sandbox.write_config();
  EXPECT_THAT(agent.ctl({"reload"}).err, HasSubstr("a reload cannot change it"));
  EXPECT_EQ(pids(), before);
  EXPECT_EQ(agent.comms_pid(), comms);
}

TEST_F(Survival, AReloadKillsACommsThatIgnoresIt) {
  start();
  const pid_t comms = agent.comms_pid();
  ASSERT_TRUE(sandbox.signal(comms, SIGSTOP));
  EXPECT_EQ(agent.ctl({"reload"}).status, 0);
  EXPECT_TRUE(eventually([&] { return !process_exists(comms); }));
  EXPECT_TRUE(agent.wait_until_serving());
}

TEST_F(Survival, AReloadThatNamesAnUnknownUserIsRefused) {
  start();
  const pid_t comms = agent.comms_pid();
  sandbox.set("agent", "storage_user", "\"no-such-user\"");
  sandbox.write_config();
  const auto result = agent.ctl({"reload"});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("no-such-user"));
  EXPECT_EQ(agent.comms_pid(), comms);
}

TEST_F(Survival, AReloadTakesTheNewConfiguration) {
  start();
  sandbox.set("agent", "max_storage_nodes", "1");
  sandbox.write_config();
  agent.signal(SIGHUP);
  ASSERT_TRUE(eventually([&] { return agent.log_has("reloaded "); }));
  ASSERT_TRUE(agent.wait_until_serving());
  must_spawn("serve-1");
  EXPECT_THAT(agent.spawn("serve-2").error_message(), HasSubstr("max_storage_nodes"));
}

TEST_F(Survival, AFaultyFileWithLiveNodesRunsTheLastCheckedConfiguration) {
  start();
  must_spawn("serve-1");
  const auto before = pids();
  agent.kill();
  write_file(sandbox.config_path(), read_file(sandbox.config_path()) + "\nnonsense = \n");
  agent.start_and_wait();
  ASSERT_TRUE(eventually([&] { return pids() == before; }));
  EXPECT_TRUE(agent.log_has("the last checked configuration is used instead"));
}

TEST_F(Survival, AnOrderlyStopEndsAllNodesAndTheNextStartRestartsThem) {
  start();
  must_spawn("serve-1");
  must_spawn("orphan-2");
  const auto before = pids();
  ASSERT_TRUE(beats_more(1));
  EXPECT_EQ(agent.stop(), 0);
  for (const auto& [node, pid] : before) EXPECT_FALSE(process_exists(static_cast<pid_t>(pid))) << node;
  EXPECT_EQ(master.trace(id).unregistrations, 1U);
  agent.start_and_wait();
  EXPECT_TRUE(agent.wait_status("serve-1", "running"));
  EXPECT_TRUE(agent.wait_status("orphan-2", "running"));
  EXPECT_TRUE(master.wait(
      id, [](const AgentTrace& t) { return t.registrations == 2; }, 20s))
      << "registers anew";
}

TEST_F(Survival, TheAgentRegistersAgainWithAMasterThatForgotIt) {
  start();
  ASSERT_TRUE(beats_more(1));
  master.set_heartbeat_reply(grid_testing::HeartbeatReply::kUnacknowledged);
  ASSERT_TRUE(master.wait(
      id, [](const AgentTrace& t) { return t.registrations >= 2; }, 20s));
  master.set_heartbeat_reply(grid_testing::HeartbeatReply::kHonest);
  const std::string address = master.address();
  master.stop();
  ASSERT_TRUE(eventually([&] { return agent.log_has("Connection to Master lost"); }, 30s));
  ASSERT_TRUE(master.start(address));
  const auto registrations = master.trace(id).registrations;
  EXPECT_TRUE(master.wait(
      id, [=](const AgentTrace& t) { return t.registrations > registrations; }, 40s));
}

TEST_F(Survival, TheMasterMayBeDownAtTheStart) {
  const std::string address = master.address();
  master.stop();
  start();
  must_spawn("serve-1");
  ASSERT_TRUE(master.start(address));
  EXPECT_TRUE(master.wait(
      id, [](const AgentTrace& t) { return t.registrations == 1; }, 40s));
  EXPECT_TRUE(eventually([&] {
    const auto t = master.trace(id);
    return !t.beats.empty() && t.beats.back().storage_node_count == 1;
  }));
}

TEST_F(Survival, LogLinesAppearInOrder) {
  start();
  ASSERT_TRUE(master.wait(
      id, [](const AgentTrace& t) { return t.heartbeats >= 12; }, 40s));
  ASSERT_TRUE(eventually([&] { return agent.log_has("Heartbeat #12 acknowledged"); }));
  const std::string log = agent.log();
  std::size_t at = 0;
  for (const std::string& line :
       {std::string("🚀 Sutra Grid Agent v"), "📄 Loading config from " + sandbox.config_path(),
        "⚙️  Config: Agent ID: " + id + ", Platform: docker, Max Nodes: 100",
        "🔌 Connecting to Master at " + master.address(), std::string("✅ Connected to Master"),
        std::string("📝 Registering with Master..."), std::string("✅ Registered with Master (Master v"),
        std::string("💓 Starting heartbeat loop (interval: 1s)"),
        std::string("💓 Heartbeat #12 acknowledged (Master time: ")}) {
    const auto found = log.find(line, at);
    ASSERT_NE(found, std::string::npos) << "missing or out of order: " << line << "\n" << log;
    at = found;
  }
}

TEST_F(Survival, TheLinesOfAReturnComeInTheirOrderAndStatusTellsOfTheAbsence) {
  sandbox.set("logging", "level", "\"info\"");
  start();
  ASSERT_TRUE(beats_more(1));
  const auto status_has = [&](const std::string& text) {
    return eventually([&] { return agent.ctl({"status"}).out.find(text) != std::string::npos; });
  };
  EXPECT_TRUE(status_has("connected, " + master.address())) << agent.ctl({"status"}).out;
  EXPECT_THAT(agent.ctl({"status"}).out, Not(HasSubstr("last heartbeat never")));
  const std::string address = master.address();
  master.stop();
  EXPECT_TRUE(status_has("not reached since 20")) << agent.ctl({"status"}).out;
  EXPECT_TRUE(status_has("connection refused")) << agent.ctl({"status"}).out;
  EXPECT_THAT(agent.ctl({"status", "--json"}).out, HasSubstr("\"cause\": \"connection refused"));
  ASSERT_TRUE(eventually([&] { return agent.log_has("No Master reached since 20"); }));
  const auto registrations = master.trace(id).registrations;
  ASSERT_TRUE(master.start(address));
  ASSERT_TRUE(master.wait(
      id, [=](const AgentTrace& t) { return t.registrations > registrations; }, 20s));
  ASSERT_TRUE(status_has("connected, " + address));
  EXPECT_THAT(agent.ctl({"status"}).out, Not(HasSubstr("not reached since")));
  const std::string log = agent.log();
  std::size_t at = 0;
  for (const std::string line : {"❌ Heartbeat failed: ", "⚠️  Connection to Master lost, will retry...",
                                 "🔁 No Master reached since ", "✅ Reconnected to Master",
                                 "📝 Registering with Master...", "✅ Registered with Master (Master v"}) {
    const auto found = log.find(line, at);
    ASSERT_NE(found, std::string::npos) << "missing or out of order: " << line << "\n" << log;
    at = found;
  }
}

TEST_F(Survival, HeartbeatsAreOnTimeWhileFiftyNodesIgnoreSigterm) {
  sandbox.set("storage", "stop_grace_secs", "3");
  sandbox.set("storage", "ready_timeout_secs", "20");
  start();
  for (int i = 0; i < 50; ++i) must_spawn("ignoreterm-" + std::to_string(i));
  ASSERT_TRUE(beats_more(beats() + 1));
  const auto from = std::chrono::steady_clock::now();
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<agent::StopNodeRequest> requests(50);
  std::vector<agent::StopNodeResponse> responses(50);
  std::atomic<int> stopped{0};
  for (std::size_t i = 0; i < 50; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    requests[i].set_node_id("ignoreterm-" + std::to_string(i));
    agent.stub().async()->StopNode(contexts.back().get(), &requests[i], &responses[i],
                                   [&](const grpc::Status&) { ++stopped; });
  }
  ASSERT_TRUE(eventually([&] { return stopped == 50; }, 30s));
  for (const auto& r : responses) EXPECT_TRUE(r.success()) << r.error_message();
  ASSERT_TRUE(beats_more(beats() + 1));
  auto longest = 0ms;
  std::optional<std::chrono::steady_clock::time_point> last;
  for (const auto& beat : master.trace(id).beats) {
    if (last && beat.at > from)
      longest = std::max(longest, std::chrono::duration_cast<std::chrono::milliseconds>(beat.at - *last));
    last = beat.at;
  }
  std::cout << "longest gap between two heartbeats (interval 1000 ms): " << longest.count() << " ms\n";
  EXPECT_LE(longest, 1500ms);
}

/// Inodes of the sockets in a table of /proc/PID/net: the field that its first line calls "Inode" or "inode".
std::set<std::string> sockets_in(const std::string& table) {
  std::ifstream file(table);
  std::set<std::string> found;
  const auto fields_of = [](const std::string& line) {
    std::istringstream words(line);
    return std::vector<std::string>{std::istream_iterator<std::string>(words), {}};
  };
  std::string line;
  std::getline(file, line);
  // In the TCP and UDP tables the header has more names than a line has fields.
  const auto names = fields_of(line);
  const auto named = std::find(names.begin(), names.end(), "Inode");
  const auto at = named == names.end() ? std::size_t{9} : static_cast<std::size_t>(named - names.begin());
  while (std::getline(file, line)) {
    const auto fields = fields_of(line);
    if (fields.size() > at) found.insert("socket:[" + fields[at] + "]");
  }
  return found;
}

std::set<std::string> open_sockets(const std::string& proc) {
  std::set<std::string> found;
  for (const auto& fd : std::filesystem::directory_iterator(proc + "/fd")) {
    std::error_code gone;
    const std::string target = std::filesystem::read_symlink(fd.path(), gone);
    if (target.starts_with("socket:")) found.insert(target);
  }
  return found;
}

TEST_F(Survival, TheSupervisorHasOneThreadAndOnlyUnixAndNetlinkSockets) {
  start();
  must_spawn("serve-1");
  ASSERT_TRUE(beats_more(1));
  const std::string proc = "/proc/" + std::to_string(agent.pid());
  const auto tasks = std::distance(std::filesystem::directory_iterator(proc + "/task"), {});
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_EQ(tasks, 1);
#else
  EXPECT_LE(tasks, 2) << "the sanitizer may have one of its own";
#endif
  std::set<std::string> internet, allowed;
  const auto before = open_sockets(proc);
  for (const char* table : {"tcp", "tcp6", "udp", "udp6", "raw", "raw6"})
    internet.merge(sockets_in(proc + "/net/" + table));
  for (const char* table : {"unix", "netlink"}) allowed.merge(sockets_in(proc + "/net/" + table));
  EXPECT_FALSE(internet.empty()) << "saw nothing to check";
  EXPECT_FALSE(before.empty()) << "saw nothing to check";
  for (const std::string& socket : open_sockets(proc)) {
    EXPECT_FALSE(internet.contains(socket)) << socket;
    // Only sockets that were open before and after the tables were read; a netlink socket is open for one request only.
    if (before.contains(socket)) {
      EXPECT_TRUE(allowed.contains(socket)) << socket;
    }
  }
}

TEST_F(Survival, ResourcesReturnToTheBaseline) {
  start();
  must_spawn("serve-0");
  const std::string fds = "/proc/" + std::to_string(agent.pid()) + "/fd";
  const auto count = [&] { return std::distance(std::filesystem::directory_iterator(fds), {}); };
  must_spawn("serve-1");
  EXPECT_TRUE(agent.stop_node("serve-1").success());
  const auto before = count();
  for (int i = 0; i < 20; ++i) {
    must_spawn("serve-1");
    EXPECT_TRUE(agent.stop_node("serve-1").success());
    EXPECT_FALSE(agent.spawn("exit7-1").success());
  }
  EXPECT_TRUE(eventually([&] { return count() <= before; })) << before << " -> " << count();
  int zombies = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string stat = read_file(entry.path() / "stat");
    if (stat.find(") Z " + std::to_string(agent.pid()) + " ") != std::string::npos) ++zombies;
  }
  EXPECT_EQ(zombies, 0);
}

}  // namespace
}  // namespace sutra::e2e
