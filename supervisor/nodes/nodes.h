// All nodes of this host. Checks requests, turns them and the reports of processes into events of the state
// machine (core/), and carries out the effects that it returns. The only writer of the node table.
// Supervisor, one thread.
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
  std::string text;  ///< the reason of a failure, or a note
  std::uint32_t pid = 0;
  std::uint16_t port = 0;
};
/// Called exactly once, possibly from within the call that makes the request.
using Reply = std::function<void(const Outcome&)>;

/// The functions of core/ that Nodes calls. The simulation replaces them by wrong ones, to prove that it
/// detects the error.
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
  /// All references must outlive this object.
  struct Parts {
    const Config& config;
    std::uint32_t storage_uid;  ///< the user that the nodes run as
    Platform& platform;
    Ledger& ledger;
    ipc::NodeTableWriter& table;
    Decisions decide = {};
  };
  /// `row_changed(row)` is called after each change of a row of the node table; `emptied()` when the last
  /// node is removed.
  Nodes(Parts parts, std::function<void(std::uint32_t)> row_changed, std::function<void()> emptied);
  ~Nodes();
  Nodes(const Nodes&) = delete;
  Nodes& operator=(const Nodes&) = delete;

  /// Adopts the processes that still run and starts the nodes that should run. Call it once, before any
  /// request. An error means that it could not find out which processes run; then it has changed nothing.
  [[nodiscard]] Status recover(const NodeRecords& recorded);

  void start(const NodeId& node_id, const core::Request& request, Reply reply);
  void stop(const NodeId& node_id, Reply reply);
  void restart(const NodeId& node_id, Reply reply);
  /// Stops every node, keeping its goal for the next start of the agent, and refuses new requests. emptied()
  /// follows.
  void shut_down();

  void node_ready(const NodeId& node_id, std::uint64_t generation);
  /// Restarts the node, but only one at a time on this host: while such a restart is under way, the report is
  /// ignored. comms reports again after further failed probes.
  void node_unresponsive(const NodeId& node_id, std::uint64_t generation, const std::string& reason);
  /// CLOCK_BOOTTIME since which comms has been alive; nullopt while it is not.
  void set_comms_alive_since(std::optional<core::Nanoseconds> since) { comms_alive_since_ = since; }

  /// Writes the records again that were deleted, or that could not be written before. Needed before a
  /// re-exec: the new image knows only what is on disk. An error names the first record that could not be
  /// written.
  [[nodiscard]] Status keep_records();

  [[nodiscard]] bool empty() const { return entries_.empty(); }
  /// The node's state, or null when there is no such node. Valid until the next call of a non-const function.
  [[nodiscard]] const core::Node* node(const std::string& node_id) const;
  /// Names of all nodes, sorted.
  [[nodiscard]] std::vector<std::string> names() const;
  /// True while a launcher has not executed its server yet. A re-exec at that time would lose its report.
  [[nodiscard]] bool launching() const;
  /// True when `pid` leads a node: Supervisor::reap_strays() must not reap it.
  [[nodiscard]] bool owns_pid(pid_t pid) const;
  /// Writes the event records that could not be written when they happened. Call it periodically.
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
  std::map<NodeId, core::Predecessor> unforgotten_;  ///< removed nodes whose records could not be deleted
  std::deque<Posted> posted_;
  std::vector<std::pair<Reply, Outcome>> due_;         // answers of the current step, sent at its end
  std::vector<std::unique_ptr<NodeProcess>> retired_;  // destroyed in the next turn of the loop
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
