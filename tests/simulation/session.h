// One supervisor's life: what it has under way, as far as the checks must know it, and where it may be
// killed. The platform, the ledger and the table of that supervisor share it. Simulation only.
#pragma once
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "supervisor/nodes/nodes.h"
#include "tests/simulation/planted.h"
#include "tests/simulation/world.h"

namespace sutra::simulation {

/// Thrown where the supervisor is killed.
struct Killed {
  Mark where;
};

class Session {
 public:
  Session(World in_world, const Planted& with_planted, unsigned killed_per_mille)
      : world(in_world), planted(with_planted), killed_per_mille_(killed_per_mille) {}

  World world;
  const Planted& planted;
  bool recovering = false;
  bool firing_timer = false;

  /// Before everything that the supervisor does to its world.
  void may_be_killed(Mark where);
  void spare() { killed_per_mille_ = 0; }

  /// The core's decisions, each told to the checks before its effects are carried out.
  [[nodiscard]] supervisor::Decisions decisions();

  // ---- the step whose effects are being carried out

  enum class Write { kCommit, kSave, kOther };
  /// What the intent that is written now is written for.
  [[nodiscard]] Write intent_write();
  void commit_failed();
  void committed(const core::Intent& intent);
  /// The timer that is armed now with this delay, when a step ordered it.
  [[nodiscard]] std::optional<std::pair<std::string, core::Timer>> next_armed(Nanoseconds delay);
  /// The table shows the step's result: it is over.
  void step_over();
  [[nodiscard]] bool parked() const { return parked_; }
  /// The process of the node whose step it is; 0: none.
  [[nodiscard]] Serial current() const { return subject({node_id_, generation_}); }

  // ---- which process a record speaks of

  void started(const Leaf& leaf, Serial process);
  void found(Serial process) { held_.insert(process); }
  void recorded(const Leaf& leaf, Serial process) { subjects_[leaf] = process; }
  [[nodiscard]] Serial subject(const Leaf& leaf) const;
  /// It is our child, and we have a pidfd of it.
  [[nodiscard]] bool is_child(Serial process) const;

  // ---- events on their way into the log: they wait, in order, while the log cannot be written

  /// An event is about to be appended. Its process; one that is not next in order is a violation.
  [[nodiscard]] Serial next_event(const Leaf& leaf, const std::string& what);
  void event_written();
  void event_failed();
  /// The supervisor is gone, and with it what waited.
  void over();

 private:
  void begin(const std::string& node_id, const core::Event& event, const core::Transition& transition,
             bool is_new);
  void records_follow();

  /// An event that is to be appended.
  struct Due {
    Leaf leaf;
    std::string what;
    Serial process = 0;
    bool waits = false;  ///< the log could not be written when it was its turn, or that of one before it
  };

  unsigned killed_per_mille_;
  bool in_step_ = false;
  bool is_new_ = false;
  bool parked_ = false;
  bool commits_ = false;
  unsigned saves_ = 0;
  std::string node_id_;
  std::uint64_t generation_ = 0;
  core::Event event_;
  core::State state_ = core::State::kGone;
  std::deque<core::ArmTimer> armed_;
  std::deque<Due> records_;  ///< of the step, once it is committed

  std::map<Leaf, Serial> subjects_;
  std::map<std::string, std::uint64_t> launched_;  ///< the last generation that was launched, by node
  std::set<Serial> held_;
  std::deque<Due> unwritten_;
};

}  // namespace sutra::simulation
