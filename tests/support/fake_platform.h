// The Platform, Ledger and NodeTableWriter of unit tests: processes, trees, records and rows are plain values, and nothing
// happens until the test makes it happen. Every call that changes something is written to a CallLog, in order. Tests only.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ipc/node_table.h"
#include "supervisor/ledger/ledger.h"
#include "supervisor/nodes/platform.h"
#include "tests/support/manual_timers.h"

namespace sutra::supervisor {

[[nodiscard]] inline NodeId node_id(const std::string& text) { return NodeId::parse(text).value(); }

/// The calls so far, in order: "start a.1", "facts a.1", "gate a.1".
using CallLog = std::vector<std::string>;

/// An exit with this code.
inline core::Exit code(int value) { return {core::ExitCause::kExit, value, 0, 0}; }

/// One generation of one node on the fake system.
struct FakeServer {
  std::string name;  ///< "a.1"
  ProcessIdentity identity;
  bool child = true;
  LaunchProgress progress = LaunchProgress::kPending;
  LaunchFailure failure;
  std::optional<core::Exit> exit;  ///< set: it is dead
  bool exit_known = true;          ///< false: the kernel does not tell how it ended
  bool populated = true;
  bool oom = false;
  int busy = 0;  ///< how many times removing the empty tree fails
  // The test calls these in place of the event loop; empty when there is no watch.
  std::function<void()> see_end, see_report, see_tree;

  /// Calls a copy, because the callback may destroy the watch.
  static void show(const std::function<void()>& watch) {
    const std::function<void()> seen = watch;
    if (seen) seen();
  }
  void executed() {
    progress = LaunchProgress::kExeced;
    show(see_report);
  }
  /// The leader dies. The tree is then empty unless `others_left`.
  void dies(core::Exit how, bool others_left = false) {
    exit = how;
    populated = others_left;
    show(see_end);
  }
  void emptied() {
    populated = false;
    show(see_tree);
  }
};

class FakePlatform final : public Platform {
 public:
  explicit FakePlatform(CallLog& calls) : calls_(calls) {}

  ManualTimers clock;
  std::map<std::string, std::shared_ptr<FakeServer>> servers;  ///< by name: started ones, and those of put()
  std::optional<Error> start_fails, find_fails;
  std::vector<NodeTrees::Leaf> shown_leaves;
  std::vector<core::Taken> taken;
  std::string output, holder;
  std::map<std::string, bool> marks;  ///< executed(), by name

  FakeServer& server(const std::string& name) { return *servers.at(name); }
  /// A server of an earlier supervisor.
  FakeServer& put(const std::string& name, pid_t pid) {
    auto server = std::make_shared<FakeServer>();
    server->name = name;
    server->identity = {pid, 1, 0, "boot"};
    server->child = false;
    return *(servers[name] = std::move(server));
  }

  [[nodiscard]] Timers& timers() override { return clock; }
  [[nodiscard]] std::uint32_t entropy() override { return 200; }
  [[nodiscard]] Result<StartedProcess> start(const core::Node& node) override;
  [[nodiscard]] Result<std::unique_ptr<ServerProcess>> find(const ProcessIdentity& identity) override;
  [[nodiscard]] std::optional<bool> executed(const std::string& node_id, std::uint64_t generation) override {
    const auto found = marks.find(name(node_id, generation));
    return found == marks.end() ? std::nullopt : std::optional(found->second);
  }
  void forget_execution(const std::string& node_id) override {
    calls_.push_back("forget execution " + node_id);
  }
  [[nodiscard]] std::unique_ptr<NodeTree> adopt_tree(const std::string& node_id, std::uint64_t generation,
                                                     const ServerProcess* leader) override;
  [[nodiscard]] WatchHandle watch_tree(NodeTree& tree, std::function<void()> seen) override;
  [[nodiscard]] std::vector<NodeTrees::Leaf> leaves() const override { return shown_leaves; }
  void remove_empty_leaves(const std::vector<NodeTrees::Leaf>&) override {}
  [[nodiscard]] std::string tree_path(const std::string& node_id, std::uint64_t generation) const override {
    return "/cgroup/" + name(node_id, generation);
  }
  [[nodiscard]] Status check_directory(const core::Placement&) override { return {}; }
  [[nodiscard]] std::string lock_holder(const core::Placement&) override { return holder; }
  [[nodiscard]] off_t output_size(const std::string&) override { return 0; }
  [[nodiscard]] std::string last_output(const std::string&, off_t) override { return output; }
  [[nodiscard]] Result<std::vector<core::Taken>> listeners() override { return taken; }

  [[nodiscard]] static std::string name(const std::string& node_id, std::uint64_t generation) {
    return node_id + "." + std::to_string(generation);
  }

 private:
  CallLog& calls_;
  pid_t last_pid_ = 1000;
};

/// Records in memory.
class FakeLedger final : public Ledger {
 public:
  explicit FakeLedger(CallLog& calls) : calls_(calls) {}

  bool intents_fail = false, facts_fail = false, events_fail = false;
  std::map<std::string, core::Intent> intents;
  std::map<std::string, Facts> facts;
  std::vector<Event> events;

  [[nodiscard]] Contents read() override { return {}; }
  [[nodiscard]] Status write_intent(const core::Intent& intent) override {
    if (intents_fail) return make_error("write", "state", "No space left on device");
    calls_.push_back("intent " + std::string(intent.node_id));
    intents[intent.node_id] = intent;
    return {};
  }
  [[nodiscard]] Status write_facts(const Facts& written) override {
    if (facts_fail) return make_error("write", "runtime", "No space left on device");
    calls_.push_back("facts " + FakePlatform::name(written.intent.node_id, written.generation));
    facts[written.intent.node_id] = written;
    return {};
  }
  [[nodiscard]] Present present(const NodeId& node_id) const override {
    return {intents.contains(node_id), facts.contains(node_id)};
  }
  [[nodiscard]] Status forget(const NodeId& node_id) override {
    calls_.push_back("forget " + node_id);
    intents.erase(node_id);
    facts.erase(node_id);
    return {};
  }
  [[nodiscard]] Status append(const Event& event) override {
    if (events_fail) return make_error("append", "events", "No space left on device");
    calls_.push_back("event " + FakePlatform::name(event.node_id, event.generation) + " " + event.what);
    events.push_back(event);
    return {};
  }
  [[nodiscard]] Status write_registration(const std::string&) override { return {}; }
  [[nodiscard]] std::string read_registration() override { return {}; }
  [[nodiscard]] Status write_last_config(const std::string&) override { return {}; }
  [[nodiscard]] std::optional<std::string> read_last_config() override { return std::nullopt; }

 private:
  CallLog& calls_;
};

class FakeTable final : public ipc::NodeTableWriter {
 public:
  FakeTable(CallLog& calls, std::uint32_t capacity) : calls_(calls), capacity_(capacity) {}

  std::map<std::uint32_t, ipc::NodeRow> rows;

  void publish(std::uint32_t index, const ipc::NodeRow& row) override {
    calls_.push_back("row " + std::string(row.node_id.view()) + " " + std::string(state_name(row.state)));
    rows[index] = row;
  }
  void clear(std::uint32_t index) override {
    calls_.emplace_back("row cleared");
    rows.erase(index);
  }
  [[nodiscard]] std::uint32_t capacity() const override { return capacity_; }
  [[nodiscard]] Result<UniqueFd> open_read_only() const override { return UniqueFd(); }

 private:
  CallLog& calls_;
  std::uint32_t capacity_;
};

}  // namespace sutra::supervisor
