// What must hold, judged by what really happened and not by what the supervisor believes. Simulation only.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/core/step.h"
#include "tests/simulation/coverage.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/kernel.h"

namespace sutra::simulation {

/// The event whose effects are being carried out.
struct Cause {
  const std::string* node_id = nullptr;
  const core::Event* event = nullptr;
};

class Checks {
 public:
  Checks(Kernel& kernel, Disk& disk, Coverage& coverage)
      : kernel_(kernel), disk_(disk), coverage_(coverage) {}

  core::Policy policy;
  std::optional<Nanoseconds> comms_alive_since;
  Cause cause;

  // ---- what the supervisor does
  void new_node(const std::string& node_id);
  void stop_committed(const std::string& node_id);
  void step_done(const std::string& node_id) { truth(node_id).stop_half_done = false; }
  void asked_to_start(const std::string& node_id);
  /// A first start that is stopped because it does not serve.
  void given_up(const std::string& node_id, Serial leader);
  void signalled(Process& process, const std::string& by_node);
  void launched(const std::string& node_id, bool recovering);
  void lock_was_held(const std::string& node_id);
  void death_recorded(Serial subject, const core::Exit& exit, Appended appended, bool child);
  /// A supervisor took note of it, whether or not it can be written down.
  void death_noticed(Serial subject);
  /// An event of this process waited until the log could be written, and was lost with the supervisor. Without a
  /// start in the log a death may be taken for one of the same generation before a reboot.
  void event_not_written(Serial subject);
  void launch_failure_recorded(Serial subject, Appended appended);
  void answered(const std::string& node_id, core::Waiter waiter, bool success);
  void removed(const std::string& node_id, bool parked);
  void recovering(const supervisor::NodeRecords& recorded);

  // ---- what happens in the world
  void executed(Process& process);
  void records_deleted();
  void rebooted(bool facts_gone);

  // ---- at the end of a history
  void every_death_has_one_record();
  [[nodiscard]] bool wanted(const std::string& node_id) const;
  void violation(const std::string& invariant, const std::string& what);

  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }

 private:
  struct Truth {
    bool wanted = false;  ///< a start was answered with success and no stop was asked for since
    bool stop_on_disk = false;
    bool stop_half_done = false;       ///< the step that committed it is not over, or was not
    bool asked = true;                 ///< the next launch is an operator's
    bool last_asked = true;            ///< the last one was
    std::vector<Nanoseconds> unasked;  ///< launches that nobody asked for, within the window
    std::size_t slack = 0;             ///< supervisors that began since
  };
  Truth& truth(const std::string& node_id) { return truths_[node_id]; }
  [[nodiscard]] bool reason_to_stop(const Process& leader, const std::string& node_id);

  Kernel& kernel_;
  Disk& disk_;
  Coverage& coverage_;
  std::map<std::string, Truth> truths_;
  std::vector<std::string> violations_;
};

}  // namespace sutra::simulation
