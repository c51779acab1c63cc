// Calls that wait for the supervisor's answer: who asked, until when, and what to say when time is up. Comms;
// the loop's thread only. It owns no clock and no socket.
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
  /// Sends to the supervisor; false when it is gone.
  struct Outbox {
    std::function<bool(const ipc::StartNode&)> start;
    std::function<bool(const ipc::StopNode&)> stop;
  };
  explicit NodeRequests(Outbox outbox) : outbox_(std::move(outbox)) {}

  /// Forwards the order (its request_id is the caller's, unique) and answers by `answer_by` at the latest:
  /// the order itself goes on after that. Refused at once when too many are under way or the supervisor is
  /// gone.
  void start(const ipc::StartNode& order, TimePoint now, TimePoint answer_by, Answer answer);
  void stop(const ipc::StopNode& order, TimePoint now, TimePoint answer_by, Answer answer);

  void on(const ipc::NodeStarted& fact);
  void on(const ipc::NodeStopped& fact);
  /// The caller hung up: it is answered (nobody listens) and forgotten; the order goes on.
  void forget(std::uint64_t request_id);
  /// Answers everyone whose time is up.
  void expire(TimePoint now);
  /// Answers everyone with `reason`, and later requests too.
  void close(const std::string& reason);

  /// When expire() must be called next.
  [[nodiscard]] std::optional<TimePoint> next_wake() const;
  /// Orders whose answer the supervisor still owes, including those nobody waits for.
  [[nodiscard]] std::size_t under_way() const { return waiting_.size(); }

  /// More than a Master has reason to ask at a time; keeps a flood of calls away from the supervisor.
  static constexpr std::size_t kMaxUnderWay = 512;
  /// How long an order that nobody waits for still counts as under way.
  static constexpr std::chrono::seconds kOwedFor{120};

 private:
  struct Waiting {
    Answer answer;  // empty once answered
    TimePoint since;
    TimePoint wake;  // answer by, or once answered: forget by
    std::string late_text;
  };
  template <typename Order>
  void forward(const Order& order, const std::function<bool(const Order&)>& send, Waiting waiting);
  void settle(std::uint64_t request_id, const NodeOutcome& outcome);

  Outbox outbox_;
  std::map<std::uint64_t, Waiting> waiting_;
  std::optional<std::string> closed_;
};

/// When a call must be answered that its caller gives `remaining` (nothing: no limit): before `cap`, and with
/// a margin before the caller gives up.
[[nodiscard]] std::chrono::milliseconds answer_within(std::optional<std::chrono::milliseconds> remaining,
                                                      std::chrono::milliseconds cap);

}  // namespace sutra::comms
