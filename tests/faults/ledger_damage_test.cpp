// Records that are damaged while a node lives and the supervisor is dead: the node is adopted or left alone,
// never doubled; the damaged file is set aside and named; the others do not notice. That each byte counts is
// tested in tests/unit/ledger.
#include <gmock/gmock.h>

#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <functional>

#include "tests/faults/campaign.h"

namespace sutra::faults {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

struct Damage {
  const char* name;
  std::function<void(const std::string& path, std::string text)> apply;
};

std::string with_version(std::string text, const std::string& version) {
  const std::string key = "version = ";
  const auto at = text.find(key);
  return text.replace(at, text.find('\n', at) - at, key + version);
}

const std::vector<Damage>& damages() {
  static const std::vector<Damage> all{
      {"Empty", [](const auto& path, auto) { e2e::write_file(path, ""); }},
      {"CutToOneByte", [](const auto& path, auto text) { e2e::write_file(path, text.substr(0, 1)); }},
      {"CutInTheMiddle",
       [](const auto& path, auto text) { e2e::write_file(path, text.substr(0, text.size() / 2)); }},
      {"CutByOneByte",
       [](const auto& path, auto text) { e2e::write_file(path, text.substr(0, text.size() - 1)); }},
      {"BitInAValue",
       [](const auto& path, auto text) {
         text[text.find("port = ") + 7] ^= 1;
         e2e::write_file(path, text);
       }},
      {"BitInTheSeal",
       [](const auto& path, auto text) {
         text[text.size() - 2] ^= 1;
         e2e::write_file(path, text);
       }},
      {"FutureVersion", [](const auto& path, auto text) { e2e::write_file(path, with_version(text, "99")); }},
      {"Zeros", [](const auto& path, auto text) { e2e::write_file(path, std::string(text.size(), '\0')); }},
      {"Directory",
       [](const auto& path, auto) {
         fs::remove(path);
         fs::create_directory(path);
       }},
      {"Symlink",
       [](const auto& path, auto text) {
         fs::remove(path);
         e2e::write_file(path + ".elsewhere", text);
         fs::create_symlink(path + ".elsewhere", path);
       }},
      {"Fifo",
       [](const auto& path, auto) {
         fs::remove(path);
         mkfifo(path.c_str(), 0600);
       }},
  };
  return all;
}

class DamagedLedger : public Campaign, public ::testing::WithParamInterface<std::size_t> {
 protected:
  void SetUp() override {
    sandbox.write_config();
    start_supervisor();
    keeper = must_start("serve-keeper");
    damaged = must_start("serve-damaged");
  }
  void damage(const std::string& path) { damages()[GetParam()].apply(path, e2e::read_file(path)); }
  void expect_one_server_each() {
    std::set<std::string> faults;
    (void)servers_in(sandbox, faults);
    EXPECT_THAT(faults, ::testing::IsEmpty());
    expect_untouched("serve-keeper", keeper);
  }
  /// The server without a record continues, and a request for the node does not start a second one.
  void expect_left_alone() {
    const Answer answer = control.start("serve-damaged");
    EXPECT_FALSE(answer.success);
    EXPECT_THAT(answer.text, ::testing::HasSubstr("serve-damaged"));
    expect_one_server_each();
    expect_untouched("serve-damaged", damaged);
  }

  const std::string intent = sandbox.at("state/nodes/serve-damaged.toml");
  const std::string facts = sandbox.at("run/nodes/serve-damaged.toml");
  pid_t keeper = 0;
  pid_t damaged = 0;
};

TEST_P(DamagedLedger, AnIntentIsRebuiltFromTheFacts) {
  agent.kill();
  damage(intent);
  start_supervisor();
  expect_untouched("serve-damaged", damaged);
  expect_one_server_each();
  EXPECT_TRUE(agent.log_has(intent + ".bad"));
  expect_start_succeeds("serve-damaged");
  expect_world({"serve-keeper", "serve-damaged"});
  expect_stop_succeeds("serve-damaged");
  expect_world({"serve-keeper"});
}

TEST_P(DamagedLedger, WithoutFactsTheServerIsLeftAlone) {
  agent.kill();
  damage(facts);
  start_supervisor();
  EXPECT_TRUE(agent.log_has(facts + ".bad"));
  expect_left_alone();
  ASSERT_TRUE(sandbox.signal(damaged, SIGKILL));
  EXPECT_TRUE(e2e::eventually([&] {
    return server("serve-damaged") != 0 && server("serve-damaged") != damaged;
  })) << "it should run, and no process holds its directory any more";
  expect_one_server_each();
}

TEST_P(DamagedLedger, WithoutAnyRecordTheServerIsLeftAlone) {
  agent.kill();
  damage(intent);
  damage(facts);
  start_supervisor();
  EXPECT_TRUE(agent.log_has(intent + ".bad"));
  EXPECT_TRUE(agent.log_has(facts + ".bad"));
  expect_left_alone();
  ASSERT_TRUE(sandbox.signal(damaged, SIGKILL));
  EXPECT_TRUE(e2e::eventually([&] { return control.start("serve-damaged").success; }));
  expect_one_server_each();
}

INSTANTIATE_TEST_SUITE_P(Each, DamagedLedger, ::testing::Range(std::size_t{0}, damages().size()),
                         [](const auto& each) { return std::string(damages()[each.param].name); });

class DamagedEvents : public DamagedLedger {
 protected:
  /// Nodes are adopted, requests succeed, and new events continue the numbers.
  void expect_work_goes_on() {
    start_supervisor();
    expect_untouched("serve-damaged", damaged);
    expect_one_server_each();
    expect_start_succeeds("serve-damaged");
    EXPECT_TRUE(control.stop("serve-damaged").success);
    EXPECT_EQ(server("serve-damaged"), 0);
  }
  const std::string events = sandbox.at("state/events.jsonl");
};

TEST_F(DamagedEvents, ATruncatedLineIsRemovedAndItsNumberUsedAgain) {
  agent.kill();
  const std::string text = e2e::read_file(events);
  const std::size_t last_line = text.rfind('\n', text.size() - 2) + 1;
  for (std::size_t size = last_line + 1; size < text.size(); size += 23) {
    e2e::write_file(events, text.substr(0, size));
    start_supervisor();
    EXPECT_EQ(e2e::read_file(events), text.substr(0, last_line)) << "cut after " << size << " bytes";
    expect_one_server_each();
    expect_untouched("serve-damaged", damaged);
    agent.kill();
  }
  expect_work_goes_on();
  EXPECT_THAT(read_events(sandbox).faults, ::testing::IsEmpty());
}

TEST_F(DamagedEvents, GarbageLinesAreNotCounted) {
  agent.kill();
  const std::string text = e2e::read_file(events);
  e2e::write_file(events,
                  text + std::string("\xff\0{\"seq\":", 9) + "99999\n\n" + std::string(100'000, 'x') + "\n");
  expect_work_goes_on();
  const EventHistory history = read_events(sandbox);
  EXPECT_THAT(history.faults, ::testing::Each(::testing::StartsWith("no event: ")));
  EXPECT_EQ(history.deaths.at("serve-damaged"), 1U);
}

TEST_F(DamagedEvents, AnEventLogThatIsNotAFileIsNamedAndStopsNothing) {
  agent.kill();
  fs::remove(events);
  fs::create_directory(events);
  expect_work_goes_on();
  EXPECT_TRUE(agent.log_has(events));
  fs::remove(events);
  EXPECT_TRUE(control.start("serve-later").success);
  EXPECT_EQ(read_events(sandbox).deaths["serve-damaged"], 1U)
      << "what could not be written was kept for later";
}

class LostDirectories : public DamagedLedger {};

TEST_F(LostDirectories, WithoutTheStateDirectoryNodesAreAdoptedFromTheirFacts) {
  agent.kill();
  fs::remove_all(sandbox.at("state"));
  start_supervisor();
  expect_untouched("serve-damaged", damaged);
  expect_one_server_each();
  expect_start_succeeds("serve-damaged");
}

TEST_F(LostDirectories, WithoutTheRuntimeDirectoryNoNodeIsStartedTwice) {
  agent.kill();
  fs::remove_all(sandbox.at("run"));
  start_supervisor();
  expect_left_alone();
  ASSERT_TRUE(sandbox.signal(damaged, SIGKILL));
  EXPECT_TRUE(
      e2e::eventually([&] { return server("serve-damaged") != 0 && server("serve-damaged") != damaged; }));
  expect_one_server_each();
}

TEST_F(LostDirectories, WithoutBothDirectoriesNoNodeIsStartedTwice) {
  agent.kill();
  fs::remove_all(sandbox.at("state"));
  fs::remove_all(sandbox.at("run"));
  start_supervisor();
  expect_left_alone();
  ASSERT_TRUE(sandbox.signal(damaged, SIGKILL));
  EXPECT_TRUE(e2e::eventually([&] { return control.start("serve-damaged").success; }));
  expect_one_server_each();
}

}  // namespace
}  // namespace sutra::faults
