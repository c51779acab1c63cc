#include "tests/chaos/checkpoint.h"

#include <csignal>
#include <set>

namespace sutra::chaos {
namespace {

using namespace std::chrono_literals;

constexpr auto kBackWithin = 30s;     // of a node that should run
constexpr auto kSettledWithin = 10s;  // of everything else

bool answers(const Host& host, const std::string& node) {
  const std::uint16_t port = host.ports.at(node);
  return !serves(node) || e2e::ask_port(port, "PING\r\n", 1000ms).find("PONG") != std::string::npos;
}

void check_lost(Host& host) {
  std::set<std::string> missing;
  for (const auto& node : host.expectations.all(Want::kRunning)) missing.insert(node);
  const double began = host.journal.seconds();
  const auto all_seen = [&] {
    // A node that crashes by itself counts as back when it was seen once.
    std::erase_if(missing,
                  [&](const std::string& node) { return host.sampler.leader(node) && answers(host, node); });
    return missing.empty();
  };
  (void)host.wait(all_seen, kBackWithin);
  host.journal.at_least("longest wait until all nodes were back, ms",
                        static_cast<std::uint64_t>((host.journal.seconds() - began) * 1000));
  std::string silence;
  const auto told = host.requests.list(silence);
  for (const auto& node : missing) {
    const auto at = told.find(node);
    const std::string says = !silence.empty() ? "nothing (" + silence + ")"
                             : at == told.end()
                                 ? "it knows no such node"
                                 : at->second.status() + ", pid " + std::to_string(at->second.pid());
    host.journal.violation("lost node",
                           node + " should run and " +
                               (host.sampler.leader(node) ? "does not answer" : "has no server") +
                               "; the agent says: " + says);
  }
}

/// Whether the agent tells what /proc shows; `fault` says where not.
bool tells_the_truth(Host& host, std::string& fault) {
  std::string silence;
  const auto told = host.requests.list(silence);
  if (!silence.empty()) {
    fault = "its server does not answer: " + silence;
    return false;
  }
  for (const auto& [node, pid] : leaders(host)) {
    const auto at = told.find(node);
    if (at == told.end() || static_cast<pid_t>(at->second.pid()) != pid ||
        (at->second.status() != "running")) {
      fault =
          "node " + node + " runs with pid " + std::to_string(pid) + "; the agent says: " +
          (at == told.end() ? "unknown" : at->second.status() + ", pid " + std::to_string(at->second.pid()));
      return false;
    }
  }
  return true;
}

std::string zombies(pid_t parent) {
  std::string found;
  for (const pid_t child : children_of(parent)) {
    const auto stat = read_stat(child);
    if (stat && stat->state == 'Z') found += " " + std::to_string(child) + " (" + name_of(child) + ")";
  }
  return found;
}

}  // namespace

std::map<std::string, pid_t> leaders(const Host& host) {
  std::map<std::string, pid_t> pids;
  for (const auto& node : host.expectations.all(Want::kRunning)) {
    if (ends_by_itself(node)) continue;
    if (const auto member = host.sampler.leader(node)) pids[node] = member->stat.pid;
  }
  return pids;
}

void check_quiet(Host& host) {
  host.continue_all();
  host.journal.act("checkpoint");
  check_lost(host);
  std::string fault;
  if (!host.wait([&] { return tells_the_truth(host, fault); }, kSettledWithin))
    host.journal.violation("the agent's word", fault);
  std::string left;
  if (!host.wait([&] { return (left = zombies(host.agent->pid())).empty(); }, kSettledWithin))
    host.journal.violation("zombies", "children of the supervisor:" + left);
  check_deaths(host, false);
  host.journal.count("checkpoints");
}

void check_deaths(Host& host, bool all_gone) {
  const auto seen = host.sampler.servers();
  for (const auto& [node, port] : host.ports) {
    if (!all_gone && (ends_by_itself(node) || host.expectations.wanted(node) == Want::kUnjudged)) continue;
    std::uint64_t least = 0, most = 0, told = 0;
    const auto balanced = [&] {
      const auto logged_starts = host.logged_starts(node);
      const std::uint64_t alive = host.sampler.leader(node) ? 1 : 0;
      std::uint64_t forgotten = 0, unlogged = 0;
      for (const auto& process : host.forgotten) forgotten += logged_starts.contains(process) ? 1U : 0U;
      // Killed between its exec and its first line: only the sampler has seen it; if the agent killed it on
      // request, perhaps nothing has.
      if (const auto at = seen.find(node); at != seen.end()) {
        for (const auto& process : at->second) unlogged += logged_starts.contains(process) ? 0U : 1U;
      }
      least = logged_starts.size() - std::min<std::uint64_t>(logged_starts.size(), alive + forgotten);
      most = logged_starts.size() - std::min<std::uint64_t>(logged_starts.size(), alive) + unlogged +
             host.expectations.asked_ends(node);
      const auto& deaths = host.events.deaths();
      told = deaths.contains(node) ? deaths.at(node) : 0;
      return told >= least && told <= most;
    };
    if (host.wait(balanced, 3s)) continue;
    host.journal.violation(told < least ? "unrecorded death" : "death too many",
                           node + ": " + std::to_string(told) + " deaths in events.jsonl, but " +
                               std::to_string(least) + " to " + std::to_string(most) + " servers died");
  }
}

void check_orderly_stop(Host& host) {
  host.continue_all();
  host.expectations.open_all();
  host.stopping = true;
  host.journal.act("orderly stop");
  host.agent->signal(SIGTERM);
  const int status = host.agent->wait_exit(30s);
  if (status != 0)
    host.journal.violation("orderly stop", "the supervisor ended with " + std::to_string(status));
  host.sampler.look_anew();
  if (const auto left = host.sampler.live_members(); left != 0)
    host.journal.violation("orderly stop", std::to_string(left) + " processes of nodes live on");
  if (const auto left = host.sandbox.cgroups(); !left.empty())
    host.journal.violation("orderly stop",
                           std::to_string(left.size()) + " cgroups are left, the first " + left[0]);
  host.attend();
  check_deaths(host, true);
}

}  // namespace sutra::chaos
