#include "tests/faults/campaign.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <sstream>

#include "tests/faults/fault_points.h"
#include "tests/faults/possible_errors.h"

namespace sutra::faults {
namespace {

using namespace std::chrono_literals;

constexpr int kMaxFailures = 3;  // of one campaign, before it gives up

// libuv calls abort() on some errors; writing hundreds of core files takes minutes.
void no_core_files() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
}

std::string joined(const std::set<std::string>& sentences) {
  std::string all;
  for (const auto& sentence : sentences) all += "\n  " + sentence;
  return all;
}

}  // namespace

Campaign::Campaign() {
  // Alive after exec is ready: what comms does is not waited for, and thousands of starts take minutes.
  sandbox.set("storage", "readiness", "\"none\"");
  sandbox.set("storage", "stop_grace_secs", "2");
  sandbox.set("logging", "level", "\"info\"");
}

void Campaign::SetUp() {
  if (!can_trace()) GTEST_SKIP() << "processes cannot be traced here";
  sandbox.write_config();
}

void Campaign::start_supervisor() {
  agent.start(no_core_files);
  ASSERT_TRUE(e2e::eventually([&] { return control.alive(); })) << agent.log();
}

std::unique_ptr<Tracer> Campaign::start_traced(Plan plan) {
  int gate[2];
  EXPECT_EQ(pipe2(gate, O_CLOEXEC), 0);
  agent.start([&] {
    no_core_files();
    char byte = 0;
    close(gate[1]);
    (void)!read(gate[0], &byte, 1);
  });
  plan.from_exec = true;
  auto tracer = std::make_unique<Tracer>(agent.pid(), std::move(plan));
  close(gate[0]);
  close(gate[1]);
  return tracer;
}

void Campaign::restart_supervisor() {
  agent.kill();
  look();
  start_supervisor();
}

void Campaign::look() {
  std::set<std::string> faults;
  for (const auto& [id, pid] : servers_in(sandbox, faults)) seen_[id].pids.insert(pid);
  EXPECT_TRUE(faults.empty()) << joined(faults);
}

pid_t Campaign::server(const std::string& node_id) {
  std::set<std::string> faults;
  const auto servers = servers_in(sandbox, faults);
  const auto found = servers.find(node_id);
  return found == servers.end() ? 0 : found->second;
}

void Campaign::expect_world(const std::set<std::string>& nodes) {
  std::set<std::string> wrong;
  const auto right = [&] {
    wrong.clear();
    std::set<std::string> running;
    for (const auto& [id, pid] : servers_in(sandbox, wrong)) {
      running.insert(id);
      seen_[id].pids.insert(pid);
      if (!nodes.contains(id)) wrong.insert("node " + id + " runs (pid " + std::to_string(pid) + ")");
    }
    for (const auto& id : nodes) {
      if (!running.contains(id)) wrong.insert("node " + id + " does not run");
    }
    for (const Seen& each : processes_in(sandbox.path())) {
      if (each.program == "sutra-node-launch")
        wrong.insert("a launcher is left: " + std::to_string(each.pid));
      if (each.program == "sutra-agent" && each.pid != agent.pid())
        wrong.insert("another sutra-agent is left: " + std::to_string(each.pid));
    }
    for (const pid_t pid : zombies_of(agent.pid())) wrong.insert("zombie " + std::to_string(pid));
    std::multiset<std::string> leaves = cgroup_nodes(sandbox);
    for (const auto& id : nodes) {
      if (const auto leaf = leaves.find(id); leaf != leaves.end()) leaves.erase(leaf);
    }
    for (const auto& leaf : leaves) wrong.insert("a cgroup is left over: " + leaf);
    const EventHistory& history = events.read();
    wrong.insert(history.faults.begin(), history.faults.end());
    if (!history.unfinished.empty()) wrong.insert("no event: " + history.unfinished);
    for (auto& [id, servers] : seen_) {
      servers.dead += std::erase_if(servers.pids, [](pid_t pid) { return !e2e::process_exists(pid); });
      const auto recorded = history.deaths.find(id);
      const std::size_t deaths = recorded == history.deaths.end() ? 0 : recorded->second;
      if (deaths != servers.dead) {
        wrong.insert("node " + id + ": " + std::to_string(servers.dead) + " servers died, " +
                     std::to_string(deaths) + " deaths are recorded");
      }
    }
    return wrong.empty();
  };
  EXPECT_TRUE(e2e::eventually(right, 10s)) << joined(wrong);
}

pid_t Campaign::must_start(const std::string& node_id) {
  const Answer answer = control.start(node_id);
  EXPECT_TRUE(answer.success) << node_id << ": " << answer.text;
  seen_[node_id].pids.insert(static_cast<pid_t>(answer.pid));
  return static_cast<pid_t>(answer.pid);
}

void Campaign::expect_start_succeeds(const std::string& node_id) {
  const Answer again = control.start(node_id);
  EXPECT_TRUE(again.answered && again.success) << node_id << ": " << again.text;
  EXPECT_EQ(static_cast<pid_t>(again.pid), server(node_id));
}

void Campaign::expect_stop_succeeds(const std::string& node_id) {
  const Answer again = control.stop(node_id);
  EXPECT_TRUE(again.answered &&
              (again.success || again.text.find("no node has this id") != std::string::npos))
      << node_id << ": " << again.text;
}

void Campaign::inject_at_every_call(const std::string& name, const Plan& plan, const Operation& operation) {
  const auto began = std::chrono::steady_clock::now();
  std::uint64_t injected = 0, answered = 0, refused = 0, deaths = 0, total = 0;
  int failures = 0;
  bool completed = false;
  FaultPoints calls;
  while (failures < kMaxFailures) {
    const std::uint64_t n = calls.next();
    const std::string id = "serve-" + std::to_string(next_id_++);
    const auto parts_before =
        ::testing::UnitTest::GetInstance()->current_test_info()->result()->total_part_count();
    operation.prepare(id);
    Plan here = plan;
    here.nth = n;
    const auto tracer = operation.from_exec
                            ? start_traced(here)
                            : std::make_unique<Tracer>(operation.whom ? operation.whom() : agent.pid(), here);
    const Answer answer = operation.perform(id);
    const Tracer::Outcome outcome = tracer->finish();
    SCOPED_TRACE(name + ", call " + std::to_string(n) + " (" +
                 (outcome.injected() ? outcome.injected_at : std::string("no fault")) + "), node " + id +
                 ", answered " +
                 (answer.answered ? (answer.success ? "yes" : "no: " + answer.text) : "nothing"));
    if (outcome.injected()) (void)e2e::eventually([&] { return has_ended() || control.alive(); });
    if (outcome.injected() && has_ended()) {
      ++deaths;
      restart_supervisor();
    }
    operation.judge(id, answer, outcome);
    if (::testing::UnitTest::GetInstance()->current_test_info()->result()->total_part_count() !=
        parts_before) {
      ++failures;
      seen_.erase(id);  // reported once; later checks are independent
    }
    if (!outcome.injected()) {
      total = outcome.counted;
      if (calls.counted(total)) continue;
      completed = true;
      break;
    }
    ++injected;
    if (answer.answered) ++(answer.success ? answered : refused);
  }
  const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  std::ostringstream line;
  line << name << ": " << total << " system calls; "
       << (plan.error == 0 ? std::string("killed") : std::string(error_name(plan.error))) << " at "
       << injected << " of them" << calls.text() << "; " << answered << " succeeded, " << refused
       << " refused; the supervisor was started again " << deaths << " times; " << failures << " violations; "
       << static_cast<int>(took * 10) / 10.0 << " s\n";
  std::cout << line.str() << std::flush;
  EXPECT_TRUE(failures > 0 || completed) << "it never completed without a fault";
  EXPECT_EQ(read_events(sandbox).deaths, events.read().deaths) << "what was written once was changed later";
}

}  // namespace sutra::faults
