// The calls that wait for the supervisor's answer, with their deadlines. Uses no clock and no socket. Comms;
// the loop's thread.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "ipc/messages.h"

namespace sutra::comms {

struct NodeOutcome {
  bool success = false;
  std::uint32_t pid = 0;
  std::uint32_t port = 0;
  std::string reason;  ///< when not success
};

class NodeRequests {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  /// Called exactly once for each request.
  using Answer = std::function<void(const NodeOutcome&)>;
  /// Functions that send to the supervisor; they return false when the channel has ended.
  struct Outbox {
    std::function<bool(const ipc::StartNode&)> start;
    std::function<bool(const ipc::StopNode&)> stop;
  };
  explicit NodeRequests(Outbox outbox) : outbox_(std::move(outbox)) {}

  /// Sends the order to the supervisor; its request_id must be unique. `answer` is called at `answer_by` at
  /// the latest; the order itself continues after that. Answers at once with an error when too many orders
  /// are under way or the channel has ended.
  void start(const ipc::StartNode& order, TimePoint now, TimePoint answer_by, Answer answer);
  void stop(const ipc::StopNode& order, TimePoint now, TimePoint answer_by, Answer answer);

  void on(const ipc::NodeStarted& fact);
  void on(const ipc::NodeStopped& fact);
  /// The caller has disconnected: calls `answer` (gRPC needs it to free the call). The order itself
  /// continues.
  void forget(std::uint64_t request_id);
  /// Answers the calls whose deadline has passed.
  void expire(TimePoint now);
  /// Answers all calls, and all later ones, with `reason`.
  void close(const std::string& reason);

  /// When expire() must be called next.
  [[nodiscard]] std::optional<TimePoint> next_wake() const;
  /// Number of orders that the supervisor has not answered, including those whose caller no longer waits.
  [[nodiscard]] std::size_t under_way() const { return waiting_.size(); }

  /// Limit of orders under way. Far more than a Master needs; protects the supervisor from a flood of calls.
  static constexpr std::size_t kMaxUnderWay = 512;
  /// How long an unanswered order counts as under way after it was sent.
  static constexpr std::chrono::seconds kOwedFor{120};

 private:
  struct Waiting {
    Answer answer;  // empty once answered
    TimePoint since;
    TimePoint wake;  // the deadline for the answer; after the answer: when to remove the entry
    std::string late_text;
  };
  template <typename Order>
  void forward(const Order& order, const std::function<bool(const Order&)>& send, Waiting waiting);
  void settle(std::uint64_t request_id, const NodeOutcome& outcome);

  Outbox outbox_;
  std::map<std::uint64_t, Waiting> waiting_;
  std::optional<std::string> closed_;
};

/// The time within which a call must be answered. `remaining`: until the caller's deadline; nullopt: it has
/// none. The result is at most `cap` and leaves a margin before the caller's deadline. Pure.
[[nodiscard]] std::chrono::milliseconds answer_within(std::optional<std::chrono::milliseconds> remaining,
                                                      std::chrono::milliseconds cap);

}  // namespace sutra::comms
