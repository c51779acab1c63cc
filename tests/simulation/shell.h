// What supervisor/nodes*.cpp does with the core, on the simulated kernel and disk: the same order of
// effects, the same queue, and a death of the supervisor before and after each. Simulation only.
#pragma once
#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/core/admission.h"
#include "tests/simulation/node_process.h"
#include "tests/simulation/planted.h"

namespace sutra::simulation {

/// Thrown where the supervisor is killed.
struct Killed {
  Mark where;
};

class Shell {
 public:
  struct Settings {
    core::Policy policy;
    core::AdmissionPolicy admission;
    unsigned killed_per_mille = 0;  ///< at each point where it may be killed
  };
  /// The node as the core sees it, and what the loop holds for it.
  struct Entry {
    core::Node node;
    std::unique_ptr<NodeProcess> process;
    std::optional<core::Timer> timer;
    std::uint64_t incarnation = 0;
    Serial recorded = 0;  ///< the process of the records
    std::array<unsigned, 3> waiting{};
  };

  Shell(World world, const Planted& planted, const Settings& settings)
      : world_(world), planted_(planted), settings_(settings) {}

  void recover();
  void start(const std::string& node_id, const core::Request& request);
  void stop(const std::string& node_id);
  void restart(const std::string& node_id);
  void shut_down();
  void node_ready(const std::string& node_id, std::uint64_t generation);
  void node_unresponsive(const std::string& node_id, std::uint64_t generation);

  /// One thing that the loop would see now. False: there is none.
  bool see_one();
  bool fire_one_timer();
  [[nodiscard]] std::optional<Nanoseconds> next_due() const;
  [[nodiscard]] bool launching() const;
  [[nodiscard]] bool shutting_down() const { return shutting_down_; }
  [[nodiscard]] const std::map<std::string, std::unique_ptr<Entry>>& entries() const { return entries_; }
  void reap_strays();
  /// Writes again what somebody removed of the records. False: it cannot.
  [[nodiscard]] bool keep_records();
  /// Between two turns of the loop what the core believes and what the loop holds agree.
  void check_idle() const;
  void spare() { settings_.killed_per_mille = 0; }

 private:
  using Requester = std::optional<core::Waiter>;
  struct Posted {
    std::string node_id;
    std::uint64_t incarnation;
    core::Event event;
    Requester requester;
  };

  void may_be_killed(Mark where);
  void post(const std::string& node_id, core::Event event, Requester requester = {});
  void drain();
  void execute(Entry& entry, const core::Event& event, core::Transition transition, Requester requester);
  void obey(Entry& entry, const core::Effect& effect, Requester requester);
  void spawn(Entry& entry);
  [[nodiscard]] bool try_spawn(Entry& entry);
  [[nodiscard]] bool unmanaged_holder(const std::string& node_id);
  bool save_facts(Entry& entry);
  void record_death(Entry& entry, const core::RecordDeath& death);
  void answer(Entry& entry, core::Waiter waiter, bool success);
  void refuse(Entry& entry, Requester requester);
  void remove(const std::string& node_id);
  void adopt(const std::string& node_id, const Recorded& recorded);
  Entry& make_entry(const std::string& node_id);
  [[nodiscard]] Entry* find(const std::string& node_id);
  [[nodiscard]] core::Context context() const;
  [[nodiscard]] std::unique_ptr<NodeProcess> process_of(const std::string& node_id, std::uint64_t generation);
  [[nodiscard]] std::optional<core::Intent> admit(const std::string& node_id, const core::Request& request);

  World world_;
  const Planted& planted_;
  Settings settings_;
  std::map<std::string, std::unique_ptr<Entry>> entries_;
  std::vector<Leaf> unmanaged_;
  std::map<std::string, core::Predecessor> unforgotten_;
  std::deque<Posted> posted_;
  std::vector<std::pair<core::Waiter, bool>> due_;
  std::vector<std::unique_ptr<NodeProcess>> retired_;
  bool draining_ = false;
  bool shutting_down_ = false;
  bool recovering_ = false;
  std::uint64_t next_incarnation_ = 1;
};

}  // namespace sutra::simulation
