#include "tests/grid/observations.h"

#include <utility>

namespace sutra::grid_testing {
namespace {

template <typename T>
void keep(std::deque<T>& kept, T item) {
  kept.push_back(std::move(item));
  if (kept.size() > kArrivalsKept) kept.pop_front();
}

}  // namespace

void Observations::set_heartbeat_reply(HeartbeatReply reply) {
  const std::lock_guard lock(mutex_);
  heartbeat_reply_ = reply;
}

void Observations::set_registration_reply(std::optional<std::string> refusal) {
  const std::lock_guard lock(mutex_);
  registration_refusal_ = std::move(refusal);
}

HeartbeatReply Observations::heartbeat_reply() const {
  const std::lock_guard lock(mutex_);
  return heartbeat_reply_;
}

std::optional<std::string> Observations::registration_refusal() const {
  const std::lock_guard lock(mutex_);
  return registration_refusal_;
}

void Observations::saw_registration(const ::grid::AgentInfo& info) {
  const std::lock_guard lock(mutex_);
  AgentTrace& trace = traces_[info.agent_id()];
  ++trace.registrations;
  trace.last_info = info;
  keep(trace.registered_at, std::chrono::steady_clock::now());
  changed_.notify_all();
}

void Observations::saw_heartbeat(const ::grid::HeartbeatRequest& beat) {
  const std::lock_guard lock(mutex_);
  AgentTrace& trace = traces_[beat.agent_id()];
  ++trace.heartbeats;
  keep(trace.beats, {std::chrono::steady_clock::now(), beat.storage_node_count(), beat.timestamp()});
  changed_.notify_all();
}

void Observations::saw_unregistration(const std::string& agent_id) {
  const std::lock_guard lock(mutex_);
  ++traces_[agent_id].unregistrations;
  changed_.notify_all();
}

AgentTrace Observations::trace(const std::string& agent_id) const {
  const std::lock_guard lock(mutex_);
  const auto it = traces_.find(agent_id);
  return it == traces_.end() ? AgentTrace{} : it->second;
}

bool Observations::wait(const std::string& agent_id, const std::function<bool(const AgentTrace&)>& condition,
                        std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, timeout, [&] { return condition(traces_[agent_id]); });
}

}  // namespace sutra::grid_testing
