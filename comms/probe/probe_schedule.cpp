#include "comms/probe/probe_schedule.h"

#include <algorithm>

namespace sutra::comms {

using std::chrono::milliseconds;

void ProbeSchedule::update(std::uint32_t row, const ipc::NodeRow& state, TimePoint now) {
  const bool starting = state.state == NodeState::kStarting;
  const bool running = state.state == NodeState::kRunning;
  if ((!starting && !running) || state.probe == 0 || state.port == 0 || state.pid == 0) {
    entries_.erase(row);
    return;
  }
  auto& entry = entries_[row];
  const bool same = entry.generation == state.generation && entry.node_id.view() == state.node_id.view() &&
                    entry.running == running && entry.port == state.port && entry.uid == state.uid;
  if (same) return;
  entry = Entry{};
  entry.node_id = state.node_id;
  entry.generation = state.generation;
  entry.port = state.port;
  entry.uid = state.uid;
  entry.running = running;
  entry.next = now + kFirstDelay;
  if (running) {
    // Spread over the interval: after a start of comms all nodes would else be probed at the same time.
    std::uniform_int_distribution<milliseconds::rep> spread(policy_.interval.count() / 2,
                                                            policy_.interval.count());
    entry.next = now + milliseconds(spread(random_));
  }
}

std::vector<ProbeOrder> ProbeSchedule::due(TimePoint now, std::size_t limit) {
  std::vector<std::pair<TimePoint, std::uint32_t>> ready;
  for (const auto& [row, entry] : entries_) {
    if (entry.under_way == 0 && entry.next <= now) ready.emplace_back(entry.next, row);
  }
  std::sort(ready.begin(), ready.end());  // most overdue first, so that `limit` starves no node
  if (ready.size() > limit) ready.resize(limit);
  std::vector<ProbeOrder> orders;
  orders.reserve(ready.size());
  for (const auto& [when, row] : ready) {
    auto& entry = entries_.at(row);
    entry.under_way = ++last_serial_;
    orders.push_back({row, entry.under_way, entry.port, entry.uid, entry.running});
  }
  return orders;
}

ProbeSchedule::Report ProbeSchedule::judge(std::uint32_t row, std::uint64_t serial, Verdict verdict,
                                           const std::string& why, TimePoint now) {
  const auto found = entries_.find(row);
  if (found == entries_.end() || found->second.under_way != serial) return {};
  auto& entry = found->second;
  entry.under_way = 0;
  return entry.running ? judge_running(entry, verdict, why, now) : judge_starting(entry, verdict, now);
}

ProbeSchedule::Report ProbeSchedule::judge_starting(Entry& entry, Verdict verdict, TimePoint now) const {
  if (verdict != Verdict::kServes) {
    entry.delay = std::min(entry.delay * 2, kMaxDelay);
    entry.next = now + entry.delay;
    return {};
  }
  entry.next = now + kRepeatReady;
  ipc::NodeReady report;
  report.generation = entry.generation;
  report.node_id = entry.node_id;
  return report;
}

ProbeSchedule::Report ProbeSchedule::judge_running(Entry& entry, Verdict verdict, const std::string& why,
                                                   TimePoint now) const {
  if (verdict == Verdict::kNone) {
    entry.next = now + std::min(kOwnErrorDelay, policy_.interval);
    return {};
  }
  entry.next = now + policy_.interval;
  if (verdict == Verdict::kServes) {
    entry.failures = 0;
    return {};
  }
  if (++entry.failures < policy_.failures_allowed) return {};
  ipc::NodeUnresponsive report;
  report.generation = entry.generation;
  report.node_id = entry.node_id;
  (void)report.reason.assign(std::to_string(entry.failures) + " probes in a row failed; the last: " + why);
  entry.failures = 0;
  return report;
}

std::optional<ProbeSchedule::TimePoint> ProbeSchedule::next_wake() const {
  std::optional<TimePoint> earliest;
  for (const auto& [row, entry] : entries_) {
    if (entry.under_way != 0) continue;
    if (!earliest || entry.next < *earliest) earliest = entry.next;
  }
  return earliest;
}

}  // namespace sutra::comms
