#include "tests/chaos/round.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "tests/chaos/checkpoint.h"
#include "tests/chaos/ping_client.h"

namespace sutra::chaos {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kKillsBetweenCheckpoints = 60;
constexpr std::size_t kFdsOfSlack = 2;
constexpr std::uint64_t kHeapOfSlackKib = 512;

}  // namespace

Round::Round(Host& host, const Kills& kills, std::uint64_t seed, double until)
    : host_(host), left_(kills), until_(until), injector_(host, seed) {
  // Every fifth node belongs to one operator, who starts and stops it all the time; operators share no node.
  std::vector<std::vector<std::string>> shares(2);
  std::uint64_t n = 0;
  for (const auto& [node, port] : host.ports) {
    if (!ends_by_itself(node) && ++n % 5 == 0) shares[n / 5 % 2].push_back(node);
  }
  for (std::uint64_t i = 0; i < shares.size(); ++i) {
    operators_.push_back(std::make_unique<Operator>(
        Requests(host.sandbox, host.ports, host.journal, host.expectations, seed + 100 + i), shares[i],
        seed + 200 + i));
  }
}

bool Round::over() const {
  return (until_ > 0 && host_.journal.seconds() > until_) || host_.journal.violations() > 5;
}

void Round::run() {
  host_.start_agent();
  if (!start_all()) return;
  for (const auto& [phase, name] : {std::pair{&Round::steady, "one supervisor"},
                                    {&Round::pinged, "pinged"},
                                    {&Round::mixed, "mixed"},
                                    {&Round::forgetful, "forgetful"}}) {
    const double began = host_.journal.seconds();
    (this->*phase)();
    std::printf("  phase \"%s\": %.0f s\n", name, host_.journal.seconds() - began);
    std::fflush(stdout);
  }
  quiet();
  operators_.clear();
  check_orderly_stop(host_);
}

bool Round::start_all() {
  for (const auto& [node, port] : host_.ports) {
    if (!host_.requests.spawn(node)) return false;
  }
  quiet();
  return true;
}

void Round::quiet() {
  host_.continue_all();
  for (auto& each : operators_) each->pause();
  const auto all_idle = [this] {
    return std::all_of(operators_.begin(), operators_.end(), [](const auto& each) { return each->idle(); });
  };
  if (!host_.wait(all_idle, 120s))
    host_.journal.violation("request never succeeds", "an operator still waits");
  check_quiet(host_);
}

void Round::check_growth(const Footprint& before, const char* when) {
  const Footprint after = host_.footprint();
  if (after.supervisor != before.supervisor) return;
  host_.journal.at_least("supervisor's fds, most", after.fds);
  host_.journal.at_least("supervisor's PSS, most, KiB", after.pss_kib);
  const std::string told = std::string(when) + ": fds " + std::to_string(before.fds) + " -> " +
                           std::to_string(after.fds) + ", PSS " + std::to_string(before.pss_kib) + " -> " +
                           std::to_string(after.pss_kib) + " KiB, of it heap and stack " +
                           std::to_string(before.anon_kib) + " -> " + std::to_string(after.anon_kib) +
                           " KiB, cgroups " + std::to_string(before.cgroups) + " -> " +
                           std::to_string(after.cgroups);
  std::printf("  %s\n", told.c_str());
  const bool grew = after.fds > before.fds + kFdsOfSlack ||
                    after.anon_kib > before.anon_kib + kHeapOfSlackKib || after.cgroups > before.cgroups + 1;
  if (grew) host_.journal.violation("growth", told);
}

void Round::steady() {
  std::uint64_t nodes = left_.nodes * 6 / 10;
  // Few: one supervisor restarts comms with a growing backoff, up to 5 s.
  std::uint64_t comms = left_.comms / 40;
  left_.nodes -= nodes;
  left_.comms -= comms;
  const std::uint64_t warm_up = nodes * 2 / 3;
  std::optional<Footprint> baseline;
  while (nodes + comms > 0 && !over()) {
    const std::uint64_t lot = injector_.dice().below(100);
    if (lot < 70 && nodes > 0)
      spend(nodes, injector_.kill_node());
    else if (lot < 80 && comms > 0)
      spend(comms, injector_.kill_comms());
    else if (lot < 90)
      injector_.stop_node();
    else if (lot < 93)
      injector_.stop_comms();
    else if (lot < 95)
      injector_.stop_supervisor();
    host_.pass(std::chrono::milliseconds(injector_.dice().below(60)));
    if (!baseline && nodes <= warm_up) {
      quiet();
      baseline = host_.footprint();
    }
    for (auto& each : operators_) each->resume();
  }
  quiet();
  // A stopped node has no fds and no cgroup: the baseline is an upper bound only when all nodes run.
  if (baseline) check_growth(*baseline, "one supervisor through kills, spawns and stops");
  left_.nodes += nodes;
  left_.comms += comms;
}

/// Every remaining kill is equally likely, so that kills of comms and of the supervisor alternate: the backoff of comms
/// grows with each death and starts again with a new supervisor.
void Round::kill_one(Kills& left, bool nodes_too) {
  std::uint64_t lot = injector_.dice().below(left.total());
  const auto falls_on = [&lot](std::uint64_t count) {
    const bool hit = lot < count;
    lot -= hit ? 0 : count;
    return hit;
  };
  if (falls_on(left.nodes))
    spend(left.nodes, injector_.kill_node());
  else if (falls_on(left.comms))
    spend(left.comms, injector_.kill_comms());
  else if (falls_on(left.supervisor))
    spend(left.supervisor, injector_.kill_supervisor(nodes_too));
  else
    spend(left.both, injector_.kill_both(nodes_too));
}

void Round::pinged() {
  Kills share{0, left_.comms / 2, left_.supervisor / 2, left_.both / 2};
  left_.comms -= share.comms;
  left_.supervisor -= share.supervisor;
  left_.both -= share.both;
  const auto before = leaders(host_);
  std::map<std::string, std::uint16_t> pinged;
  for (const auto& [node, pid] : before) {
    if (serves(node)) pinged[node] = host_.ports.at(node);
  }
  {
    const PingClient client(pinged, host_.journal);
    while (share.total() > 0 && !over()) {
      const std::uint64_t lot = injector_.dice().below(100);
      if (lot < 90)
        kill_one(share, false);
      else if (lot < 95)
        injector_.reload();
      else if (lot < 97)
        injector_.stop_comms();
      else if (lot < 99)
        injector_.stop_supervisor();
      host_.pass(std::chrono::milliseconds(injector_.dice().below(injector_.dice().percent(20) ? 600 : 80)));
    }
    quiet();
  }
  const auto after = leaders(host_);
  for (const auto& [node, pid] : before) {
    const auto now = after.find(node);
    if (now == after.end() || now->second != pid)
      host_.journal.violation("unplanned stop",
                              node + " has another pid after kills of supervisor and comms only");
  }
  left_.comms += share.comms;
  left_.supervisor += share.supervisor;
  left_.both += share.both;
}

void Round::mixed() {
  std::uint64_t since_checkpoint = 0;
  while (left_.total() > 0 && !over()) {
    for (auto& each : operators_) each->resume();
    const std::uint64_t before = left_.total();
    const std::uint64_t lot = injector_.dice().below(100);
    if (lot < 80)
      kill_one(left_, true);
    else if (lot < 84)
      injector_.reload();
    else if (lot < 88)
      injector_.stop_node();
    else if (lot < 91)
      injector_.stop_comms();
    else if (lot < 93)
      injector_.stop_supervisor();
    else if (lot < 96)
      injector_.save_in_background();
    host_.pass(std::chrono::milliseconds(injector_.dice().below(injector_.dice().percent(20) ? 500 : 60)));
    since_checkpoint += before - left_.total();
    if (since_checkpoint >= kKillsBetweenCheckpoints) {
      quiet();
      since_checkpoint = 0;
    }
  }
}

/// Deletes the contents of the directories, not the directories: the operator made those.
void Round::lose(bool state, bool runtime) {
  host_.journal.act(std::string("delete the contents of") + (state ? " state_dir" : "") +
                    (runtime ? " runtime_dir" : ""));
  std::error_code ignored;
  for (const char* name : {"state", "run"}) {
    if (!(std::string(name) == "state" ? state : runtime)) continue;
    for (const auto& entry : std::filesystem::directory_iterator(host_.sandbox.at(name), ignored))
      std::filesystem::remove_all(entry.path(), ignored);
  }
  if (state) host_.events.may_count_anew();
  // The records of the running servers are deleted.
  if (runtime) {
    for (const auto& [node, port] : host_.ports) {
      if (const auto member = host_.sampler.leader(node))
        host_.forgotten.insert({member->stat.pid, member->stat.start_ticks});
    }
  }
  host_.journal.count("deletions of directories");
}

/// With lost records, no running server is stopped and no second one is started beside it.
void Round::check_untouched(const std::map<std::string, pid_t>& before, const char* after_what) {
  host_.pass(1s);
  host_.sampler.look_anew();
  const auto now = leaders(host_);
  for (const auto& [node, pid] : before) {
    const auto at = now.find(node);
    if (at == now.end() || at->second != pid)
      host_.journal.violation("unplanned stop", node + " has another pid after " + after_what);
  }
}

void Round::forgetful() {
  if (over()) return;
  quiet();
  lose(true, false);
  injector_.kill_supervisor(false);
  quiet();

  // Without facts the supervisor does not know the running servers: it leaves them alone until they end.
  auto before = leaders(host_);
  lose(false, true);
  injector_.kill_supervisor(false);
  check_untouched(before, "the loss of runtime_dir");
  for (const auto& [node, port] : host_.ports) injector_.end_members(node);
  quiet();

  before = leaders(host_);
  lose(true, true);
  injector_.kill_supervisor(false);
  for (const auto& [node, pid] : before) {
    const std::string answer = host_.requests.try_spawn(node);
    host_.journal.act("spawn " + node + " beside a server without a record: " + answer);
  }
  check_untouched(before, "the loss of both directories");
  for (const auto& [node, port] : host_.ports) {
    injector_.end_members(node);
    if (!host_.requests.spawn(node)) return;
  }
}

}  // namespace sutra::chaos
