#include "tests/chaos/sampler.h"

#include <poll.h>
#include <time.h>

#include <algorithm>
#include <cstdio>

namespace sutra::chaos {
namespace {

constexpr int kIntervalMs = 10;
constexpr double kUnrelatedFor = 1.0;
constexpr double kLateGap = 0.1;

std::string describe(const Member& m) {
  return "pid " + std::to_string(m.stat.pid) + " (parent " + std::to_string(m.stat.parent) + ", session " +
         std::to_string(m.stat.session) + ", start " + std::to_string(m.stat.start_ticks) + ", seen at " +
         std::to_string(m.seen_at) + " s" + (m.leader ? ", leader)" : ")");
}

ProcessKey key(const ProcessStat& stat) { return {stat.pid, stat.start_ticks}; }

}  // namespace

Sampler::Sampler(std::string sandbox, std::string data_root, Journal& journal,
                 const Expectations& expectations)
    : sandbox_(std::move(sandbox)),
      data_prefix_(std::move(data_root) + "/"),
      journal_(journal),
      expectations_(expectations),
      thread_([this] { run(); }) {}

Sampler::~Sampler() {
  stop_ = true;
  thread_.join();
}

void Sampler::run() {
  while (!stop_) {
    const double began = journal_.seconds();
    look();
    ++looks_;
    if (last_look_ > 0) {
      longest_gap_ = std::max(longest_gap_, began - last_look_);
      late_ += began - last_look_ > kLateGap ? 1 : 0;
    }
    last_look_ = began;
    timespec cpu{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
    cpu_seconds_ = static_cast<double>(cpu.tv_sec) + static_cast<double>(cpu.tv_nsec) / 1e9;
    const int spent = static_cast<int>((journal_.seconds() - began) * 1000);
    poll(nullptr, 0, std::max(1, kIntervalMs - spent));
  }
}

void Sampler::look() {
  const auto began = Expectations::Clock::now();
  const auto pids = all_pids();
  const std::lock_guard lock(mutex_);
  if (journal_.seconds() - unrelated_since_ > kUnrelatedFor) {
    unrelated_.clear();
    unrelated_since_ = journal_.seconds();
  }
  // Deaths first, so that a reused pid is examined as the new process.
  std::vector<Member> ended;
  for (auto& [pid, member] : members_) {
    const auto stat = read_stat(pid);
    // An exiting process loses its memory first: it serves no more.
    const bool lives =
        stat && stat->start_ticks == member.stat.start_ticks && stat->alive() && stat->image != Image{};
    if (!lives) {
      ended.push_back(member);
      continue;
    }
    member.alive_at = began;
    if (stat->image != member.stat.image) {
      member.stat = *stat;  // the server became another program, with the same number
      update(member);
    } else {
      member.stat = *stat;
    }
  }
  for (const Member& member : ended) {
    members_.erase(member.stat.pid);
    died(member);
  }
  for (const pid_t pid : pids) {
    if (!unrelated_.contains(pid) && !members_.contains(pid)) classify(pid);
  }
  judge_duplicates();
  judge_stopped();
}

void Sampler::update(Member& member) {
  const auto [at, is_new] = leaders_.try_emplace({member.node, member.stat.image}, key(member.stat));
  member.leader = at->second == key(member.stat);
  if (member.leader && is_new) servers_[member.node].insert(key(member.stat));
}

void Sampler::classify(pid_t pid) {
  const auto before = read_stat(pid);
  if (!before || !before->alive() || before->image == Image{}) return;
  const std::string cwd = link_of(pid, "cwd");
  if (cwd.empty()) return;
  const std::string node = node_of(pid, cwd);
  if (node.empty()) {
    // The agent and what it just forked have their working directory in the sandbox: they are looked at
    // again.
    if (!cwd.starts_with(sandbox_)) unrelated_.insert(pid);
    return;
  }
  const std::string exe = link_of(pid, "exe");
  if (exe.empty() || exe.ends_with("/sutra-node-launch")) return;
  // Unchanged before and after: what was read in between belongs to one program, not to the one before its exec.
  const auto after = read_stat(pid);
  if (!after || after->image != before->image || after->start_ticks != before->start_ticks) return;
  add(*after, node);
}

std::string Sampler::node_of_path(const std::string& path) const {
  if (!path.starts_with(data_prefix_)) return {};
  const auto end = path.find('/', data_prefix_.size());
  return path.substr(data_prefix_.size(), end == std::string::npos ? end : end - data_prefix_.size());
}

std::string Sampler::node_of(pid_t pid, const std::string& cwd) const {
  if (std::string node = node_of_path(cwd); !node.empty()) return node;
  if (cwd.starts_with(sandbox_) || !environment_of(pid, "STORAGE_PATH").starts_with(data_prefix_)) return {};
  for (int fd = 0; fd < 64; ++fd) {
    if (std::string node = node_of_path(link_of(pid, "fd/" + std::to_string(fd))); !node.empty()) return node;
  }
  return {};
}

void Sampler::add(const ProcessStat& stat, const std::string& node) {
  Member member{node, stat, false, journal_.seconds(), Expectations::Clock::now()};
  const ImageKey image{node, stat.image};
  const auto parent = members_.find(stat.parent);
  const bool fork = parent != members_.end() && parent->second.stat.image == stat.image;
  if (fork || stat.session != stat.pid) {
    member.leader = leaders_.contains(image) && leaders_[image] == key(stat);
  } else {
    update(member);
  }
  members_.emplace(stat.pid, std::move(member));
}

void Sampler::died(const Member& member) {
  if (!member.leader) return;
  journal_.count("server deaths seen");
  if (expectations_.explains(member.node, key(member.stat), member.alive_at)) return;
  journal_.violation("unplanned stop", "node " + member.node + ": " + describe(member) +
                                           " ended, but no fault was injected and no policy ends it");
}

/// Whether the same program still works on the same data.
bool Sampler::still(const Member& member) const {
  const auto stat = read_stat(member.stat.pid);
  return stat && stat->alive() && stat->start_ticks == member.stat.start_ticks &&
         stat->image == member.stat.image && !link_of(member.stat.pid, "cwd").empty();
}

void Sampler::judge_duplicates() {
  std::map<std::string, std::vector<const Member*>> by_node;
  for (const auto& [pid, member] : members_) by_node[member.node].push_back(&member);
  for (const auto& [node, all] : by_node) {
    for (const Member* a : all) {
      for (const Member* b : all) {
        if (a->stat.image >= b->stat.image || judged_.contains(key(b->stat)) ||
            judged_.contains(key(a->stat)))
          continue;
        // Seen alive before and after the other was: they lived at the same time.
        if (!still(*a) || !still(*b) || !still(*a)) continue;
        judged_.insert(key(a->stat));
        judged_.insert(key(b->stat));
        journal_.violation("duplicate", "node " + node +
                                            ": two servers, or a server and what is left of an earlier "
                                            "one, on one data directory: " +
                                            describe(*a) + " and " + describe(*b));
      }
    }
  }
}

void Sampler::judge_stopped() {
  for (const auto& [pid, member] : members_) {
    if (expectations_.wanted(member.node) != Want::kStopped || judged_.contains(key(member.stat))) continue;
    if (!still(member) || expectations_.wanted(member.node) != Want::kStopped) continue;
    judged_.insert(key(member.stat));
    journal_.violation("alive though stopped", "node " + member.node + ": " + describe(member) +
                                                   " lives after its stop was answered with success");
  }
}

std::optional<Member> Sampler::leader(const std::string& node) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [pid, member] : members_) {
    if (member.leader && member.node == node) return member;
  }
  return std::nullopt;
}

std::vector<Member> Sampler::members(const std::string& node) const {
  const std::lock_guard lock(mutex_);
  std::vector<Member> found;
  for (const auto& [pid, member] : members_) {
    if (member.node == node) found.push_back(member);
  }
  return found;
}

std::size_t Sampler::live_members() const {
  const std::lock_guard lock(mutex_);
  return members_.size();
}

std::map<std::string, std::set<ProcessKey>> Sampler::servers() const {
  const std::lock_guard lock(mutex_);
  return servers_;
}

void Sampler::look_anew() const {
  const std::uint64_t from = looks_;
  while (looks_ < from + 2) poll(nullptr, 0, 2);
}

void Sampler::report_own_cost() const {
  std::printf("sampler: %llu looks, longest gap %.0f ms, %llu gaps over %.0f ms, %.1f %% of a core\n",
              static_cast<unsigned long long>(looks_.load()), longest_gap_ * 1000,
              static_cast<unsigned long long>(late_), kLateGap * 1000,
              100 * cpu_seconds_ / journal_.seconds());
}

}  // namespace sutra::chaos
