// The kernel as a supervisor sees it: processes with parents, reused pids, cgroup leaves, flocks, and a boot. Decides
// nothing: the history chooses what happens. Simulation only.
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/core/node.h"
#include "supervisor/host/process.h"

namespace sutra::simulation {

namespace core = supervisor::core;
using core::Nanoseconds;

/// Identifies a process uniquely, for the checks. A pidfd is one. 0: none.
using Serial = std::size_t;

using supervisor::ProcessIdentity;

/// The serial that Kernel::identify() hid in an identity, for the checks alone; 0: no process.
[[nodiscard]] Serial truth_of(const ProcessIdentity& identity);

struct Leaf {
  std::string node_id;
  std::uint64_t generation = 0;
  friend auto operator<=>(const Leaf&, const Leaf&) = default;
};

enum class Parent { kInit, kSupervisor };
enum class Role { kLauncher, kServer, kChild, kDecoy };
enum class Report { kPending, kExeced, kFailed, kLockHeld };

struct Process {
  Serial serial = 0;
  int pid = 0;
  Parent parent = Parent::kInit;
  Role role = Role::kDecoy;
  Serial leader = 0;  ///< of whose session it is; itself for a leader
  std::optional<Leaf> leaf;
  std::string directory;    ///< the data directory it works in
  bool holds_lock = false;  ///< has the flock's descriptor
  bool gate_open = false;
  bool report_open = true;  ///< a supervisor reads its report
  bool reported = false;    ///< it said that it is about to execute
  Report report = Report::kPending;
  Nanoseconds start{0};
  bool alive = true;
  bool reaped = false;
  bool ignores_term = false;
  bool term_pending = false;
  bool kill_pending = false;
  bool serves = false;
  core::Exit exit;  ///< how it really ended

  // For the checks.
  Nanoseconds executed_at{0};
  bool executed = false;
  bool may_be_stopped = false;      ///< a stop was asked for
  bool adopted_at_gate = false;     ///< a supervisor found it alive before it had executed
  bool unmanaged = false;           ///< may have no record: its records were lost
  bool death_excused = false;       ///< its record may be missing
  bool death_noticed = false;       ///< a supervisor noticed it
  bool record_deleted = false;      ///< its record was deleted, so that there may be a second one
  unsigned deaths = 0;              ///< records of its death
  unsigned launches_not_known = 0;  ///< records that its launch failed, or is not known
};

class Kernel {
 public:
  struct Features {
    bool pidfs = false;       ///< pidfds have inodes
    bool tells_exit = false;  ///< PIDFD_GET_INFO tells the exit of a reaped process that is not our child
  };
  Features features;
  Nanoseconds now{0};  ///< CLOCK_BOOTTIME
  std::uint64_t boot = 1;
  std::int64_t wall_secs = 1'700'000'000;  ///< the wall clock; it jumps
  bool calm = false;                       ///< no more random faults

  Process& spawn(Role role, Parent parent, const std::optional<Leaf>& leaf);
  [[nodiscard]] Process& at(Serial serial) { return processes_[serial - 1]; }
  [[nodiscard]] const Process& at(Serial serial) const { return processes_[serial - 1]; }
  [[nodiscard]] std::deque<Process>& all() { return processes_; }
  [[nodiscard]] const std::deque<Process>& all() const { return processes_; }
  /// Processes that have a pid, that is, are not reaped yet.
  [[nodiscard]] const std::vector<Process*>& table() const { return table_; }
  [[nodiscard]] bool crowded() const;
  [[nodiscard]] std::uint64_t pids_reused() const { return pids_reused_; }

  void die(Process& process, const core::Exit& exit);
  /// Its parent (or init) reaps it.
  void reap(Process& process);
  /// Its children go to init; launchers see their gate close.
  void supervisor_died();
  /// A supervisor that re-execs keeps its children, but not the pipes to them.
  void pipes_closed();
  /// All processes die without a record. CLOCK_BOOTTIME starts again.
  void reboot(Nanoseconds uptime);

  [[nodiscard]] ProcessIdentity identify(const Process& process) const;
  /// `by_pid_alone`: a planted bug, the start time is not checked.
  [[nodiscard]] Serial reopen(const ProcessIdentity& identity, bool by_pid_alone) const;

  [[nodiscard]] bool lock_held(const std::string& directory, Serial except) const;
  [[nodiscard]] bool populated(const Leaf& leaf) const;
  [[nodiscard]] bool session_populated(Serial leader) const;

  /// Existing leaves, and whether an out-of-memory kill happened in them.
  std::map<Leaf, bool> leaves;

 private:
  [[nodiscard]] int free_pid();

  std::deque<Process> processes_;
  std::vector<Process*> table_;
  int last_pid_ = 1;
  std::vector<bool> used_ = std::vector<bool>(64);
  std::uint64_t pids_reused_ = 0;
};

}  // namespace sutra::simulation
