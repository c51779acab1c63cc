// Decides when each node is probed, and which reports follow from the results. Pure: one entry for each row
// of the node table, no clock and no socket. Comms.
//
// Starting: the first probe after 10 ms, then with delays that double up to 500 ms, until the port serves.
// That is reported, and again every second while the row still says starting (a new supervisor may have
// missed it). Running: a probe every `interval`; `failures_allowed` failures in a row are reported, then the
// count starts again. Nodes in other states, and rows with probe = 0, are not probed. A new generation starts
// from the beginning.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "ipc/messages.h"
#include "ipc/node_table.h"

namespace sutra::comms {

struct ProbePolicy {
  std::chrono::milliseconds interval{10000};
  std::uint32_t failures_allowed = 3;
  std::uint32_t seed = 1;  ///< spreads the probes of many nodes over the interval
};

/// A probe that is due now.
struct ProbeOrder {
  std::uint32_t row = 0;
  std::uint64_t serial = 0;  ///< number of this probe; pass it to judge()
  std::uint32_t port = 0;
  std::uint32_t uid = 0;  ///< the user that the listener must belong to
  bool liveness = false;  ///< the node runs: also send liveness_send and check the answer
};

enum class Verdict {
  kServes,
  kFails,
  kNone,  ///< an error of ours; says nothing about the node
};

class ProbeSchedule {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  explicit ProbeSchedule(ProbePolicy policy) : policy_(policy), random_(policy.seed) {}

  /// Takes over the current contents of a row.
  void update(std::uint32_t row, const ipc::NodeRow& state, TimePoint now);
  /// Returns the probes that are due, at most `limit`. Each is under way until judge() is called for it.
  [[nodiscard]] std::vector<ProbeOrder> due(TimePoint now, std::size_t limit);
  /// Takes the result of a probe and returns what to report. Ignored when the node has changed since the
  /// probe began.
  using Report = std::variant<std::monostate, ipc::NodeReady, ipc::NodeUnresponsive>;
  [[nodiscard]] Report judge(std::uint32_t row, std::uint64_t serial, Verdict verdict, const std::string& why,
                             TimePoint now);
  /// When due() must be called next; nullopt: only after update() or judge().
  [[nodiscard]] std::optional<TimePoint> next_wake() const;

  static constexpr std::chrono::milliseconds kFirstDelay{10};
  static constexpr std::chrono::milliseconds kMaxDelay{500};
  static constexpr std::chrono::milliseconds kRepeatReady{1000};
  static constexpr std::chrono::milliseconds kOwnErrorDelay{1000};

 private:
  struct Entry {
    ipc::NodeIdText node_id;
    std::uint64_t generation = 0;
    std::uint32_t port = 0;
    std::uint32_t uid = 0;
    bool running = false;
    TimePoint next;
    std::chrono::milliseconds delay{kFirstDelay};
    std::uint32_t failures = 0;
    std::uint64_t under_way = 0;  // serial of the probe; 0 = none
  };
  [[nodiscard]] Report judge_starting(Entry& entry, Verdict verdict, TimePoint now) const;
  [[nodiscard]] Report judge_running(Entry& entry, Verdict verdict, const std::string& why,
                                     TimePoint now) const;

  ProbePolicy policy_;
  std::minstd_rand random_;
  std::map<std::uint32_t, Entry> entries_;
  std::uint64_t last_serial_ = 0;
};

}  // namespace sutra::comms
