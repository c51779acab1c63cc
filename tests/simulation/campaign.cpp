#include "tests/simulation/campaign.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "common/log/logging.h"
#include "tests/simulation/history.h"

namespace sutra::simulation {
namespace {

using Clock = std::chrono::steady_clock;

/// Each thread takes the next seed when it is free, so that a failing seed is found early.
class Run {
 public:
  explicit Run(const Campaign& campaign) : campaign_(campaign) {
    if (campaign.budget) deadline_ = begun_ + *campaign.budget;
  }

  void work() {
    Coverage mine;
    while (!stop_) {
      const std::uint64_t at = next_.fetch_add(1);
      if (at >= campaign_.histories || (deadline_ && Clock::now() > *deadline_)) break;
      const std::uint64_t seed = campaign_.first_seed + at;
      auto violations = History(seed, campaign_.planted, mine, nullptr).run();
      if (violations.empty()) continue;
      stop_ = true;
      const std::lock_guard lock(mutex_);
      if (!result_.found || seed < result_.found->seed) result_.found = Found{seed, std::move(violations)};
    }
    const std::lock_guard lock(mutex_);
    result_.coverage.add(mine);
  }

  CampaignResult finish() {
    result_.took = Clock::now() - begun_;
    return std::move(result_);
  }

 private:
  const Campaign& campaign_;
  const Clock::time_point begun_ = Clock::now();
  std::optional<Clock::time_point> deadline_;
  std::atomic<std::uint64_t> next_{0};
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  CampaignResult result_;
};

}  // namespace

CampaignResult run(const Campaign& campaign) {
  log::silence();
  Run run(campaign);
  {
    std::vector<std::jthread> others;
    for (unsigned i = 1; i < campaign.jobs; ++i) others.emplace_back([&run] { run.work(); });
    run.work();
  }
  return run.finish();
}

std::string story(std::uint64_t seed, const Planted& planted) {
  log::silence();
  Coverage coverage;
  std::vector<std::string> trace;
  auto violations = History(seed, planted, coverage, &trace).run();
  std::string text = "seed " + std::to_string(seed) + "\n";
  for (const std::string& line : trace) text += line + "\n";
  for (const std::string& violation : violations) text += "VIOLATION " + violation + "\n";
  if (violations.empty()) text += "everything held\n";
  return text;
}

}  // namespace sutra::simulation
