// One operation, repeated; each time a fault is injected at another system call, and afterwards the state of the
// host is checked. Tests only.
#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "tests/faults/operator_client.h"
#include "tests/faults/tracer.h"
#include "tests/faults/world.h"
#include "tests/support/fixture.h"

namespace sutra::faults {

class Campaign : public e2e::AgentTest {
 protected:
  Campaign();
  void SetUp() override;

  /// Starts the supervisor and waits until it has recovered; comms may still be starting.
  void start_supervisor();
  /// As above, traced from its first instruction on.
  std::unique_ptr<Tracer> start_traced(Plan plan);
  /// Reaps the supervisor, which is killed if it lives, looks at what it left, and starts it again.
  void restart_supervisor();

  /// Remembers every server that runs now; two on one directory are a failure.
  void look();
  /// Waits until exactly these servers run, nothing else is left and every death is recorded once; else it fails.
  void expect_world(const std::set<std::string>& nodes);
  /// The supervisor is dead, reaped or not.
  [[nodiscard]] bool has_ended() const { return !e2e::process_exists(agent.pid()); }
  /// The pid of a node's server now; 0: none.
  pid_t server(const std::string& node_id);
  void expect_untouched(const std::string& node_id, pid_t pid) {
    EXPECT_EQ(server(node_id), pid) << node_id << " was not to be touched";
  }
  /// Starts a node and expects success; the pid of its server.
  pid_t must_start(const std::string& node_id);
  /// The same request again, after one whose answer was lost, must succeed.
  void expect_start_succeeds(const std::string& node_id);
  /// Stops a node that may have been stopped already.
  void expect_stop_succeeds(const std::string& node_id);

  struct Operation {
    std::function<void(const std::string& id)> prepare{};  ///< before the process is traced
    std::function<Answer(const std::string& id)> perform{};
    /// Afterwards, with the supervisor alive.
    std::function<void(const std::string& id, const Answer&, const Tracer::Outcome&)> judge{};
    bool from_exec = false;         ///< the operation is a start of the supervisor
    std::function<pid_t()> whom{};  ///< who is traced; unset: the supervisor
  };
  /// Repeats the operation with a fault at each chosen system call (see fault_points.h), until it has fewer calls
  /// than the chosen one. Prints what it did.
  void inject_at_every_call(const std::string& name, const Plan& plan, const Operation& operation);

  OperatorClient control{sandbox.at("run")};
  EventReader events{sandbox};
  /// The servers of one node that ever lived.
  struct Servers {
    std::set<pid_t> pids;  ///< not seen dead yet: a pid may be used again
    std::size_t dead = 0;
  };
  std::map<std::string, Servers> seen_;  ///< by node_id
  std::uint64_t next_id_ = 1;            ///< no two operations are about the same node
};

}  // namespace sutra::faults
