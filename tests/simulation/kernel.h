// A kernel as far as a supervisor sees it: processes with parents, pids that are used again, cgroup leaves,
// flocks, and a boot. Decides nothing by itself: the history says what happens. Simulation only.
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

/// Names a process for ever; what the checks go by. A pidfd is one. 0: none.
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
  bool report_open = true;  ///< somebody reads what it reports
  bool reported = false;    ///< it said that it is about to execute
  Report report = Report::kPending;
  Nanoseconds start{0};
  bool alive = true;
  bool reaped = false;
  bool ignores_term = false;
  bool term_pending = false;
  bool kill_pending = false;
  bool serves = false;
  core::Exit exit;  ///< the truth

  // Of the checks.
  Nanoseconds executed_at{0};
  bool executed = false;
  bool may_be_stopped = false;      ///< somebody asked for it
  bool adopted_at_gate = false;     ///< a supervisor found it alive before it had executed
  bool unmanaged = false;           ///< no record may know it: what it took was lost
  bool death_excused = false;       ///< its record may be missing
  bool death_noticed = false;       ///< some supervisor did
  bool record_deleted = false;      ///< its record was, so that there may be another
  unsigned deaths = 0;              ///< records of its death
  unsigned launches_not_known = 0;  ///< records that its launch failed, or is not known
};

class Kernel {
 public:
  struct Features {
    bool pidfs = false;       ///< pidfds have inodes
    bool tells_exit = false;  ///< PIDFD_GET_INFO tells the exit of a reaped stranger
  };
  Features features;
  Nanoseconds now{0};  ///< CLOCK_BOOTTIME
  std::uint64_t boot = 1;
  std::int64_t wall_secs = 1'700'000'000;  ///< jumps
  bool calm = false;                       ///< nothing fails by chance any more

  Process& spawn(Role role, Parent parent, const std::optional<Leaf>& leaf);
  [[nodiscard]] Process& at(Serial serial) { return processes_[serial - 1]; }
  [[nodiscard]] const Process& at(Serial serial) const { return processes_[serial - 1]; }
  [[nodiscard]] std::deque<Process>& all() { return processes_; }
  [[nodiscard]] const std::deque<Process>& all() const { return processes_; }
  /// Those that have a pid: not reaped yet.
  [[nodiscard]] const std::vector<Process*>& table() const { return table_; }
  [[nodiscard]] bool crowded() const;
  [[nodiscard]] std::uint64_t pids_reused() const { return pids_reused_; }

  void die(Process& process, const core::Exit& exit);
  /// Init, or whoever is its parent, takes it off the table.
  void reap(Process& process);
  /// Its children go to init; launchers see their gate close.
  void supervisor_died();
  /// A supervisor that replaces itself keeps its children, not the pipes to them.
  void pipes_closed();
  /// Everything dies, unrecorded by anybody. CLOCK_BOOTTIME begins anew.
  void reboot(Nanoseconds uptime);

  [[nodiscard]] ProcessIdentity identify(const Process& process) const;
  /// `by_pid_alone`: the bug that everybody writes once.
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
