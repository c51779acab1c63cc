#include "tests/chaos/fault_injector.h"

#include <csignal>
#include <fstream>

namespace sutra::chaos {
namespace {

using namespace std::chrono_literals;

constexpr int kKeys = 30;  // at 100 ms each, that is how long a background save takes

std::string text(pid_t pid) { return std::to_string(pid); }

/// False: SIGHUP would still end the process. systemd sends none before READY.
bool handles_reload(pid_t pid) {
  std::ifstream status("/proc/" + text(pid) + "/status");
  std::uint64_t handled = 0;
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("SigBlk:") || line.starts_with("SigCgt:"))
      handled |= std::stoull(line.substr(8), nullptr, 16);
  }
  return (handled & (1U << (SIGHUP - 1))) != 0;
}

}  // namespace

std::optional<Member> FaultInjector::victim() {
  const auto running = host_.expectations.all(Want::kRunning);
  if (running.empty()) return std::nullopt;
  return host_.sampler.leader(dice_.pick(running));
}

bool FaultInjector::end(const Member& member, int signum) {
  const UniqueFd pidfd = open_process(member.stat.pid, member.stat.start_ticks);
  if (!pidfd) return false;
  host_.expectations.killed(member.stat.pid, member.stat.start_ticks);
  host_.journal.act("signal " + std::to_string(signum) + " to node " + member.node + ", pid " +
                    text(member.stat.pid));
  if (!signal_process(pidfd, signum)) return false;
  host_.journal.count("kills of nodes");
  return true;
}

bool FaultInjector::kill_node() {
  if (dice_.percent(15)) save_in_background();
  const auto member = victim();
  if (!member) return false;
  // redis writes a report on SIGSEGV and hangs in it about once in a thousand times, because the interrupted code
  // may hold malloc's lock. Such a node is not dead, and a probe of its port succeeds.
  const bool other_signal = dice_.percent(20) && !member->node.starts_with("redis");
  const int signum = other_signal ? (dice_.percent(50) ? SIGSEGV : SIGABRT) : SIGKILL;
  return end(*member, signum);
}

void FaultInjector::save_in_background() {
  const auto member = victim();
  if (!member || !member->node.starts_with("redis")) return;
  const std::uint16_t port = host_.ports.at(member->node);
  std::string commands;
  for (int i = 0; i < kKeys; ++i) commands += "SET k" + std::to_string(i) + " v\r\n";
  host_.journal.act("background save of " + member->node);
  (void)e2e::ask_port(port, commands + "BGSAVE\r\n", 500ms);
  host_.journal.count("background saves");
}

bool FaultInjector::kill_comms() {
  const pid_t pid = host_.agent->comms_pid();
  if (pid == 0) return false;
  const auto stat = read_stat(pid);
  if (!stat || !stat->alive() || !signal_process(open_process(pid, stat->start_ticks), SIGKILL)) return false;
  host_.journal.act("kill comms, pid " + text(pid));
  host_.journal.count("kills of comms");
  return true;
}

bool FaultInjector::kill_supervisor(bool nodes_too) {
  host_.journal.act("kill supervisor, pid " + text(host_.agent->pid()));
  host_.agent->kill();
  host_.journal.count("kills of the supervisor");
  start_again(nodes_too);
  return true;
}

bool FaultInjector::kill_both(bool nodes_too) {
  const pid_t comms = host_.agent->comms_pid();
  const auto stat = comms == 0 ? std::nullopt : read_stat(comms);
  if (!stat) return false;
  const UniqueFd pidfd = open_process(comms, stat->start_ticks);
  host_.journal.act("kill supervisor, pid " + text(host_.agent->pid()) + ", and comms, pid " + text(comms));
  const bool comms_first = dice_.percent(50);
  const bool hit = comms_first && signal_process(pidfd, SIGKILL);
  host_.agent->kill();
  if (!comms_first) (void)signal_process(pidfd, SIGKILL);  // PDEATHSIG may have killed it already
  if (comms_first && !hit) return start_again(nodes_too), false;
  host_.journal.count("kills of both");
  start_again(nodes_too);
  return true;
}

void FaultInjector::start_again(bool nodes_too) {
  if (nodes_too && dice_.percent(40)) {
    if (const auto member = victim(); member && end(*member, SIGKILL) && dice_.percent(50))
      impersonate(*member);
  }
  if (dice_.percent(50)) host_.pass(std::chrono::milliseconds(dice_.below(150)));
  host_.start_agent();
}

/// A decoy takes the pid of the dead server before the next supervisor looks for it.
void FaultInjector::impersonate(const Member& dead) {
  const bool gone = host_.wait([&] { return !read_stat(dead.stat.pid); }, 500ms);
  if (!gone || !host_.decoys.add("redis-server", dead.node, "/", dead.stat.pid)) return;
  host_.journal.act("a decoy takes pid " + text(dead.stat.pid) + " of node " + dead.node);
  host_.journal.count("decoys with a dead server's pid");
}

void FaultInjector::end_members(const std::string& node) {
  for (const Member& member : host_.sampler.members(node)) {
    host_.expectations.killed(member.stat.pid, member.stat.start_ticks);
    signal_process(open_process(member.stat.pid, member.stat.start_ticks), SIGKILL);
  }
}

void FaultInjector::stop_node() {
  const auto member = victim();
  if (!member) return;
  host_.journal.act("SIGSTOP to node " + member->node + ", pid " + text(member->stat.pid));
  host_.stop_for(member->stat.pid, std::chrono::milliseconds(50 + dice_.below(700)));
  host_.journal.count("SIGSTOPs of nodes");
}

void FaultInjector::stop_comms() {
  const pid_t pid = host_.agent->comms_pid();
  if (pid == 0) return;
  const auto time = std::chrono::milliseconds(50 + dice_.below(dice_.percent(10) ? 9000 : 1500));
  host_.journal.act("SIGSTOP to comms, pid " + text(pid) + ", for " + std::to_string(time.count()) + " ms");
  host_.stop_for(pid, time);
  host_.journal.count("SIGSTOPs of comms");
}

void FaultInjector::stop_supervisor() {
  host_.journal.act("SIGSTOP to the supervisor, pid " + text(host_.agent->pid()));
  host_.stop_for(host_.agent->pid(), std::chrono::milliseconds(20 + dice_.below(800)));
  host_.journal.count("SIGSTOPs of the supervisor");
}

void FaultInjector::reload() {
  if (!handles_reload(host_.agent->pid())) return;
  const std::uint64_t times = dice_.percent(25) ? 100 : 1;
  host_.journal.act("SIGHUP, " + std::to_string(times) + " times");
  for (std::uint64_t i = 0; i < times; ++i) host_.agent->signal(SIGHUP);
  host_.journal.count("SIGHUPs", times);
}

}  // namespace sutra::chaos
