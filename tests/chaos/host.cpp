#include "tests/chaos/host.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/support/hidden_cgroups.h"

namespace sutra::chaos {
namespace {

using namespace std::chrono_literals;

// Real servers and hostile ones; the first twenty are the standard host.
constexpr std::array kKinds{"redis",      "serve",      "orphan",    "redis",    "ignoreterm",
                            "serve",      "doublefork", "redis",     "closefds", "serve",
                            "flood4",     "redis",      "crash4000", "orphan",   "serve",
                            "ignoreterm", "redis",      "moody",     "hang",     "doublefork"};

void configure(e2e::Sandbox& sandbox) {
  sandbox.set("storage", "env", "{ SUTRA_START_LOG = \"{storage_path}/starts\" }")
      .set("storage", "stop_grace_secs", "2")
      .set("monitoring", "max_restarts", "1000")  // in one second: chaos must not end in quarantine
      .set("monitoring", "restart_window_secs", "1")
      .set("monitoring", "stable_after_secs", "1")
      .set("monitoring", "backoff_initial_ms", "50")
      .set("logging", "level", "\"info\"")
      .write_config();
}

/// Without cgroups only the lock tells that a server, or a child that left its session, still runs: nodes whose
/// servers close the lock are left out.
bool gives_the_lock_up(const std::string& kind) {
  return kind == "orphan" || kind == "doublefork" || kind == "closefds";
}

std::map<std::string, std::uint16_t> place(const Options& options, std::uint16_t first) {
  std::map<std::string, std::uint16_t> ports;
  for (std::uint64_t i = 0; i < options.nodes; ++i) {
    std::string kind = kKinds[i % kKinds.size()];
    if (options.without_cgroups && gives_the_lock_up(kind)) kind = "serve";
    ports[kind + "-" + std::to_string(i)] = static_cast<std::uint16_t>(first + i);
  }
  return ports;
}

}  // namespace

bool serves(const std::string& node) { return !ends_by_itself(node) && !node.starts_with("hang"); }

Host::Host(Journal& the_journal, const Options& options, std::uint64_t seed)
    : journal(the_journal),
      ports(place(options, sandbox.range_start())),
      agent(std::make_unique<e2e::Agent>(sandbox)),
      decoys(journal),
      events(sandbox.at("state"), journal),
      sampler(sandbox.path(), sandbox.at("data"), journal, expectations),
      requests(sandbox, ports, journal, expectations, seed),
      without_cgroups_(options.without_cgroups) {
  configure(sandbox);
  std::filesystem::create_directories(sandbox.at("data"));
  std::filesystem::create_directories(sandbox.at("data-redis-0"));
  const std::string node = ports.begin()->first;
  (void)decoys.add("redis-server", node, "/");
  (void)decoys.add("sutra-test-node", node, sandbox.path());
  (void)decoys.add("redis-server", node, sandbox.at("data"));
  (void)decoys.add("sutra-node-launch", node, sandbox.at("data-redis-0"));
  (void)decoys.add("sutra-agent-comms", "", sandbox.path());
}

Host::~Host() {
  continue_all();
  expectations.open_all();
  agent.reset();
}

void Host::start_agent() {
  agent->start([this] {
    if (without_cgroups_) hidden_cgroups_.hide();
  });
}

void Host::attend() {
  const double now = journal.seconds();
  std::erase_if(stopped_, [now](const Stopped& each) {
    if (each.until > now) return false;
    signal_process(each.pidfd, SIGCONT);
    return true;
  });
  events.follow();
  decoys.check();
  if (agent->pid() == 0 || stopping) return;
  if (const int status = agent->wait_exit(0s); status >= 0) {
    journal.violation("supervisor ended by itself", "with status " + std::to_string(status));
    start_agent();
  }
}

void Host::pass(std::chrono::milliseconds time) {
  const double until = journal.seconds() + std::chrono::duration<double>(time).count();
  attend();
  while (journal.seconds() < until) {
    const double left = (until - journal.seconds()) * 1000;
    poll(nullptr, 0, static_cast<int>(std::clamp(left, 0.0, 5.0)));
    attend();
  }
}

bool Host::wait(const std::function<bool()>& condition, std::chrono::milliseconds within) {
  const double until = journal.seconds() + std::chrono::duration<double>(within).count();
  while (!condition()) {
    if (journal.seconds() > until) return condition();
    pass(10ms);
  }
  return true;
}

void Host::stop_for(pid_t pid, std::chrono::milliseconds time) {
  const auto stat = read_stat(pid);
  if (!stat) return;
  UniqueFd pidfd = open_process(pid, stat->start_ticks);
  if (!signal_process(pidfd, SIGSTOP)) return;
  stopped_.push_back({std::move(pidfd), journal.seconds() + std::chrono::duration<double>(time).count()});
}

void Host::continue_all() {
  for (const Stopped& each : stopped_) signal_process(each.pidfd, SIGCONT);
  stopped_.clear();
}

Footprint Host::footprint() const {
  const pid_t pid = agent->pid();
  return {pid, open_fds(pid), memory_kib(pid, "Pss"), memory_kib(pid, "Pss_Anon"), sandbox.cgroups().size()};
}

std::set<ProcessKey> Host::logged_starts(const std::string& node) const {
  std::set<ProcessKey> found;
  std::ifstream file(data_directory(node) + "/starts");
  for (ProcessKey key; file >> key.first >> key.second;) found.insert(key);
  return found;
}

}  // namespace sutra::chaos
