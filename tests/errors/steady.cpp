#include "tests/errors/steady.h"

#include <filesystem>
#include <sstream>

#include "tests/grid/callback_threads.h"

namespace sutra::e2e {
namespace {

long entries_of(const std::string& directory) {
  std::error_code none;
  const std::filesystem::directory_iterator all(directory, none);
  return none ? 0 : std::distance(begin(all), end(all));
}

long zombies_of(pid_t parent) {
  long count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string stat = read_file(entry.path() / "stat");
    if (stat.find(") Z " + std::to_string(parent) + " ") != std::string::npos) ++count;
  }
  return count;
}

}  // namespace

SteadyTest::SteadyTest() {
  EXPECT_TRUE(master.start("127.0.0.1:0"));
  sandbox.set("agent", "master_host", "\"" + master.address() + "\"");
  sandbox.set("agent", "agent_id", "\"" + id + "\"");
  sandbox.set("storage", "stop_grace_secs", "1");
}

void SteadyTest::begin(const std::function<void()>& before_exec) {
  sandbox.write_config();
  agent.start_and_wait(before_exec);
  healthy_pid_ = must_spawn("serve-healthy").pid();
  // One cycle of all operations, so that what is created once and kept already exists.
  must_spawn("serve-warm");
  EXPECT_TRUE(agent.stop_node("serve-warm").success());
  EXPECT_FALSE(agent.spawn("exit7-warm").success());
  EXPECT_EQ(agent.ctl({"list"}).status, 0);
  ASSERT_TRUE(master.wait(
      id, [](const auto& trace) { return trace.heartbeats > 0; }, 20s));
  remember();
  begun_ = true;
}

void SteadyTest::remember() { baseline_ = resources(); }

SteadyTest::Resources SteadyTest::resources() const {
  Resources r;
  r.descriptors = entries_of("/proc/" + std::to_string(agent.pid()) + "/fd");
  r.zombies = zombies_of(agent.pid());
  r.cgroups = static_cast<long>(sandbox.cgroups().size());
  r.records = entries_of(sandbox.at("state/nodes")) + entries_of(sandbox.at("run/nodes"));
  return r;
}

void SteadyTest::expect_steady() {
  EXPECT_TRUE(process_exists(static_cast<pid_t>(healthy_pid_))) << "the healthy node's process is gone";
  ASSERT_TRUE(agent.wait_until_serving());
  const auto node = agent.node("serve-healthy");
  ASSERT_TRUE(node);
  EXPECT_EQ(node->pid(), healthy_pid_);
  EXPECT_EQ(node->status(), "running");
  const auto beats = master.trace(id).heartbeats;
  EXPECT_TRUE(master.wait(
      id, [=](const auto& trace) { return trace.heartbeats > beats + 1; }, 30s))
      << "the agent does not beat any more";
  const auto clean = [&] {
    // Requests whose caller hung up may still be running.
    for (const auto& each : agent.nodes()) {
      if (each.node_id() == "serve-healthy") continue;
      EXPECT_TRUE(agent.stop_node(each.node_id()).success()) << each.node_id();
    }
    return resources().within(baseline_);
  };
  EXPECT_TRUE(eventually(clean)) << "descriptors " << baseline_.descriptors << " -> "
                                 << resources().descriptors << ", zombies " << resources().zombies
                                 << ", cgroups " << baseline_.cgroups << " -> " << resources().cgroups
                                 << ", records " << baseline_.records << " -> " << resources().records;
}

void SteadyTest::TearDown() {
  if (begun_ && !HasFatalFailure()) expect_steady();
}

void SteadyTest::reload_with(const std::string& table, const std::string& key,
                             const std::string& toml_value) {
  sandbox.set(table, key, toml_value);
  sandbox.write_config();
  const auto result = agent.ctl({"reload"});
  ASSERT_EQ(result.status, 0) << result.err;
  ASSERT_TRUE(agent.wait_until_serving());
}

std::string SteadyTest::log_line(const std::string& part) const {
  std::istringstream log(agent.log());
  std::string last;
  for (std::string line; std::getline(log, line);) {
    if (line.find(part) != std::string::npos) last = line;
  }
  // Without the time, which differs at each run.
  const auto mark = last.find_first_of(' ');
  return mark == std::string::npos ? last : last.substr(mark + 1);
}

bool SteadyTest::wait_log(const std::string& part) const {
  return eventually([&] { return agent.log_has(part); }, 30s);
}

}  // namespace sutra::e2e
