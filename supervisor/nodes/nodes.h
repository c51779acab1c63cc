// All nodes of this host: admits requests, feeds the state machine, and carries out what it orders. The only
// place that writes the node table. Supervisor, one thread.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/config/config.h"
#include "ipc/node_table.h"
#include "supervisor/core/probe_restart.h"
#include "supervisor/core/recovery.h"
#include "supervisor/core/step.h"
#include "supervisor/ledger/ledger.h"
#include "supervisor/nodes/platform.h"
#include "supervisor/nodes/process.h"

namespace sutra::supervisor {

/// The answer to a request.
struct Outcome {
  bool success = false;
  std::string text;  ///< why not; or a note
  std::uint32_t pid = 0;
  std::uint16_t port = 0;
};
/// Called exactly once, perhaps before the request returns.
using Reply = std::function<void(const Outcome&)>;

/// The decisions of the core, as Nodes asks for them. Tests put wrong ones in their place, to see that they
/// are noticed.
struct Decisions {
  std::function<core::Transition(core::Intent, const core::Predecessor&, const core::Context&)> start_new =
      core::start_new;
  std::function<core::Transition(core::Node, const core::Event&, const core::Context&)> step = core::step;
  std::function<core::RecoveredNode(core::Intent, const std::optional<core::Facts>&, std::uint64_t,
                                    const core::KernelView&, const core::Policy&, core::Nanoseconds)>
      recover = core::recover;
  decltype(&core::may_probe_restart) may_probe_restart = core::may_probe_restart;
};

class Nodes {
 public:
  /// What it works with; all outlive it.
  struct Parts {
    const Config& config;
    std::uint32_t storage_uid;  ///< whom the nodes run as
    Platform& platform;
    Ledger& ledger;
    ipc::NodeTableWriter& table;
    Decisions decide = {};
  };
  /// `row_changed(row)` after every publication; `emptied()` when the last node is gone.
  Nodes(Parts parts, std::function<void(std::uint32_t)> row_changed, std::function<void()> emptied);
  ~Nodes();
  Nodes(const Nodes&) = delete;
  Nodes& operator=(const Nodes&) = delete;

  /// Adopts what still runs and starts what should run. Call once, before any request. On an error it could
  /// not be told what still runs, and nothing was done.
  [[nodiscard]] Status recover(const NodeRecords& recorded);

  void start(const NodeId& node_id, const core::Request& request, Reply reply);
  void stop(const NodeId& node_id, Reply reply);
  void restart(const NodeId& node_id, Reply reply);
  /// The agent stops: no new requests, every node is stopped; emptied() follows.
  void shut_down();

  void node_ready(const NodeId& node_id, std::uint64_t generation);
  /// At most one probe-driven restart at a time on a host: while one is under way the report is dropped, and
  /// comes again with the next failed probes.
  void node_unresponsive(const NodeId& node_id, std::uint64_t generation, const std::string& reason);
  /// CLOCK_BOOTTIME since which comms is alive and pings; nothing while it is not.
  void set_comms_alive_since(std::optional<core::Nanoseconds> since) { comms_alive_since_ = since; }

  /// Writes again what somebody removed of the nodes' records, and what could not be written when it was
  /// time. What is in memory dies with this image, so the next one must find it. An error names the first
  /// that could not be written.
  [[nodiscard]] Status keep_records();

  [[nodiscard]] bool empty() const { return entries_.empty(); }
  /// The node as the state machine sees it; null: there is none of this id. Valid until the next call that
  /// changes nodes.
  [[nodiscard]] const core::Node* node(const std::string& node_id) const;
  /// Names of all nodes, sorted.
  [[nodiscard]] std::vector<std::string> names() const;
  /// A launcher is between fork and exec; a re-exec now would lose its report.
  [[nodiscard]] bool launching() const;
  /// True for a leader of a node: the catch-all reaper leaves it alone.
  [[nodiscard]] bool owns_pid(pid_t pid) const;
  /// Writes the events that could not be written when they happened. Called from time to time.
  void record_all();

 private:
  struct Entry;

  void post(const NodeId& node_id, core::Event event, std::optional<core::Waiter> requester = std::nullopt);
  void drain();
  void apply(Entry& entry, core::Event event, std::optional<core::Waiter> requester);
  void execute(Entry& entry, core::Transition transition, std::optional<core::Waiter> requester);
  void obey(Entry& entry, const core::Effect& effect, std::optional<core::Waiter> requester);
  void spawn(Entry& entry);
  [[nodiscard]] Status try_spawn(Entry& entry);
  [[nodiscard]] std::unique_ptr<NodeProcess> process_of(const NodeId& node_id, std::uint64_t generation);
  Status save_facts(Entry& entry);
  void record(const NodeId& node_id, std::uint64_t generation, const std::string& what,
              const std::string& cause, std::optional<core::Exit> exit);
  void answer(Entry& entry, const core::Answer& answer);
  void wait_for(Entry& entry, core::Waiter waiter, Reply reply);
  void refuse(Entry& entry, std::optional<core::Waiter> requester, const std::string& text);
  void save_intent(Entry& entry);
  void forget(const Entry& entry);
  void record_death(const Entry& entry, const core::RecordDeath& death);
  void arm(Entry& entry, const core::ArmTimer& order);
  void publish(Entry& entry);
  void remove(const NodeId& node_id);
  void retire(Entry& entry);
  void adopt(const NodeId& node_id, const NodeRecord& recorded, std::unique_ptr<ServerProcess> process);
  [[nodiscard]] core::KernelView look_at(const NodeId& node_id, const Facts& facts,
                                         const ServerProcess* process);
  [[nodiscard]] Entry& make_entry(const NodeId& node_id);
  [[nodiscard]] Entry* find(const NodeId& node_id);
  [[nodiscard]] core::Context context() const;
  void forget_emptied_leaves();
  /// The highest generation of the node in unmanaged_; 0: none.
  [[nodiscard]] std::uint64_t unmanaged_generation(const NodeId& node_id) const;
  [[nodiscard]] std::string unmanaged_holder(const NodeId& node_id);
  [[nodiscard]] Result<core::Intent> admit(const NodeId& node_id, const core::Request& request);

  struct Posted {
    NodeId node_id;
    std::uint64_t incarnation;
    core::Event event;
    std::optional<core::Waiter> requester;
  };

  Parts parts_;
  core::Policy policy_;
  std::function<void(std::uint32_t)> row_changed_;
  std::function<void()> emptied_;
  std::map<NodeId, std::unique_ptr<Entry>, std::less<>> entries_;
  std::vector<std::uint32_t> free_rows_;
  std::vector<NodeTrees::Leaf> unmanaged_;
  std::map<NodeId, core::Predecessor> unforgotten_;  ///< gone, and still recorded on disk
  std::deque<Posted> posted_;
  std::vector<std::pair<Reply, Outcome>> due_;         // answers of the step under way
  std::vector<std::unique_ptr<NodeProcess>> retired_;  // until the next turn of the loop
  WatchHandle retiring_;
  bool draining_ = false;
  bool shutting_down_ = false;
  std::uint64_t next_incarnation_ = 1;
  std::optional<core::Nanoseconds> comms_alive_since_;
  bool facts_failed_ = false;
  bool events_failed_ = false;
  std::deque<Ledger::Event> unrecorded_;  ///< oldest first
};

}  // namespace sutra::supervisor
