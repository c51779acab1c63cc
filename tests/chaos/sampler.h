// Looks at /proc every 10 ms and knows nothing of the agent: no ledger, no table, no gRPC, no cgroup. A
// process belongs to a node when its working directory, or a file that it holds open, lies beneath the node's
// data directory. A launcher at its gate is not a server yet. Of a node's processes those with one Image come
// from one exec: the first of them that leads its session is the server, the others are its forks. Two images
// alive at once are two servers on the same data. A thread of its own. Chaos tests only.
#pragma once
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "tests/chaos/expectations.h"
#include "tests/chaos/journal.h"
#include "tests/chaos/process_view.h"

namespace sutra::chaos {

/// A server, or one of its forks.
struct Member {
  std::string node;
  ProcessStat stat;
  bool leader = false;
  double seen_at = 0;                          ///< journal time
  Expectations::Clock::time_point alive_at{};  ///< when it was seen last
};

class Sampler {
 public:
  /// `data_root`: the directory above the nodes' data directories; `sandbox` lies above it.
  Sampler(std::string sandbox, std::string data_root, Journal& journal, const Expectations& expectations);
  ~Sampler();
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;

  [[nodiscard]] std::optional<Member> leader(const std::string& node) const;
  [[nodiscard]] std::vector<Member> members(const std::string& node) const;
  [[nodiscard]] std::size_t live_members() const;
  /// Every server that was seen so far, dead or alive, by node.
  [[nodiscard]] std::map<std::string, std::set<ProcessKey>> servers() const;
  /// Waits for a scan that began after this call.
  void look_anew() const;
  void report_own_cost() const;

 private:
  using ImageKey = std::pair<std::string, Image>;

  void run();
  void look();
  void update(Member& member);
  void classify(pid_t pid);
  [[nodiscard]] std::string node_of(pid_t pid, const std::string& cwd) const;
  [[nodiscard]] std::string node_of_path(const std::string& path) const;
  void add(const ProcessStat& stat, const std::string& node);
  void died(const Member& member);
  void judge_duplicates();
  void judge_stopped();
  [[nodiscard]] bool still(const Member& member) const;

  const std::string sandbox_, data_prefix_;
  Journal& journal_;
  const Expectations& expectations_;

  mutable std::mutex mutex_;
  std::map<pid_t, Member> members_;  ///< alive
  std::map<ImageKey, ProcessKey> leaders_;
  std::map<std::string, std::set<ProcessKey>> servers_;
  std::set<ProcessKey> judged_;  ///< a violation was reported once
  std::unordered_set<pid_t>
      unrelated_;  ///< processes of no node; cleared every second, because a pid may be reused
  std::atomic<std::uint64_t> looks_{0};
  std::uint64_t late_ = 0;
  double longest_gap_ = 0, cpu_seconds_ = 0, last_look_ = 0, unrelated_since_ = 0;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace sutra::chaos
