#include "comms/service/node_requests.h"

#include <algorithm>
#include <utility>

namespace sutra::comms {

using std::chrono::milliseconds;

namespace {

std::string node_name(const ipc::NodeIdText& id) { return "node " + std::string(id.view()); }

std::string whole_seconds(milliseconds time) {
  return std::to_string(std::chrono::round<std::chrono::seconds>(time).count()) + " s";
}

}  // namespace

milliseconds answer_within(std::optional<milliseconds> remaining, milliseconds cap) {
  if (!remaining) return cap;
  const milliseconds left = std::max(*remaining, milliseconds(0));
  // Leave 1 s for the answer to arrive. When less than 2 s remain, answer after half of them.
  const milliseconds margin = std::min(milliseconds(1000), left / 2);
  return std::min(cap, left - margin);
}

template <typename Order>
void NodeRequests::forward(const Order& order, const std::function<bool(const Order&)>& send,
                           Waiting waiting) {
  if (closed_) return waiting.answer({false, 0, 0, *closed_});
  if (waiting_.size() >= kMaxUnderWay) {
    return waiting.answer(
        {false, 0, 0,
         std::to_string(kMaxUnderWay) + " orders are already under way on this agent; send it again later"});
  }
  const auto [entry, added] = waiting_.try_emplace(order.request_id, std::move(waiting));
  if (!added) return waiting.answer({false, 0, 0, "the agent used a request number twice; send it again"});
  if (!send(order))
    settle(order.request_id, {false, 0, 0, "the agent's supervisor is gone; send it again shortly"});
}

void NodeRequests::start(const ipc::StartNode& order, TimePoint now, TimePoint answer_by, Answer answer) {
  forward(order, outbox_.start,
          {std::move(answer), now, answer_by,
           node_name(order.node_id) + " is still starting after " +
               whole_seconds(std::chrono::duration_cast<milliseconds>(answer_by - now)) +
               "; the start continues: ask GetNodeStatus"});
}

void NodeRequests::stop(const ipc::StopNode& order, TimePoint now, TimePoint answer_by, Answer answer) {
  forward(order, outbox_.stop,
          {std::move(answer), now, answer_by,
           node_name(order.node_id) + " is still being stopped after " +
               whole_seconds(std::chrono::duration_cast<milliseconds>(answer_by - now)) +
               "; the stop continues: ask GetNodeStatus"});
}

void NodeRequests::on(const ipc::NodeStarted& fact) {
  settle(fact.request_id, {fact.success != 0, fact.pid, fact.port, std::string(fact.reason.view())});
}

void NodeRequests::on(const ipc::NodeStopped& fact) {
  settle(fact.request_id, {fact.success != 0, 0, 0, std::string(fact.reason.view())});
}

void NodeRequests::settle(std::uint64_t request_id, const NodeOutcome& outcome) {
  auto entry = waiting_.extract(request_id);
  if (entry.empty()) return;  // expire() removed it after kOwedFor
  if (entry.mapped().answer) entry.mapped().answer(outcome);
}

void NodeRequests::forget(std::uint64_t request_id) {
  const auto entry = waiting_.find(request_id);
  if (entry == waiting_.end() || !entry->second.answer) return;
  const auto answer = std::exchange(entry->second.answer, nullptr);
  entry->second.wake = entry->second.since + kOwedFor;
  answer({false, 0, 0, "the caller hung up"});
}

void NodeRequests::expire(TimePoint now) {
  for (auto entry = waiting_.begin(); entry != waiting_.end();) {
    auto& waiting = entry->second;
    if (waiting.wake > now) {
      ++entry;
      continue;
    }
    if (!waiting.answer) {
      entry = waiting_.erase(entry);
      continue;
    }
    const auto answer = std::exchange(waiting.answer, nullptr);
    waiting.wake = std::max(now, waiting.since + kOwedFor);
    answer({false, 0, 0, waiting.late_text});
    ++entry;
  }
}

void NodeRequests::close(const std::string& reason) {
  closed_ = reason;
  for (auto& [id, waiting] : std::exchange(waiting_, {})) {
    if (waiting.answer) waiting.answer({false, 0, 0, reason});
  }
}

std::optional<NodeRequests::TimePoint> NodeRequests::next_wake() const {
  std::optional<TimePoint> earliest;
  for (const auto& [id, waiting] : waiting_) {
    if (!earliest || waiting.wake < *earliest) earliest = waiting.wake;
  }
  return earliest;
}

}  // namespace sutra::comms
