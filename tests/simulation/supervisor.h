// A supervisor of the simulated host: the real Nodes on a simulated platform, ledger and table. Simulation
// only.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "tests/simulation/ledger.h"
#include "tests/simulation/platform.h"
#include "tests/simulation/table.h"

namespace sutra::simulation {

class Supervisor {
 public:
  struct Settings {
    Config config;
    unsigned killed_per_mille = 0;  ///< at each point where it may be killed
  };
  Supervisor(World world, const Planted& planted, const Settings& settings);
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;
  ~Supervisor() { session_.over(); }

  /// As the real one begins. False: it could not be told what runs, so it ends, and whoever starts it tries
  /// again.
  [[nodiscard]] bool recover();
  void start(const std::string& node_id, const core::Request& request);
  void stop(const std::string& node_id);
  void restart(const std::string& node_id);
  void shut_down();
  void node_ready(const std::string& node_id, std::uint64_t generation);
  void node_unresponsive(const std::string& node_id, std::uint64_t generation);
  void comms_alive(std::optional<Nanoseconds> since) { nodes_->set_comms_alive_since(since); }

  bool see_one() { return platform_.see_one(); }
  bool fire_one_timer() { return platform_.fire_one_timer(); }
  [[nodiscard]] std::optional<Nanoseconds> next_due() const { return platform_.next_due(); }
  [[nodiscard]] bool shutting_down() const { return shutting_down_; }
  [[nodiscard]] const supervisor::Nodes& nodes() const { return *nodes_; }
  /// The process of the node's current generation; 0: none.
  [[nodiscard]] Serial leader(const core::Node& node) const;
  void reap_strays();
  /// Writes again what somebody removed of the records. False: it cannot.
  [[nodiscard]] bool keep_records();
  void record_all() { nodes_->record_all(); }
  /// Between two turns of the loop what the core believes and what the loop holds agree.
  void check_idle() const;
  void spare() { session_.spare(); }

 private:
  [[nodiscard]] supervisor::Reply reply(const std::string& node_id, core::Waiter waiter);
  void count_unmanaged(const supervisor::NodeRecords& recorded);

  Session session_;
  const Settings& settings_;
  SimulatedPlatform platform_;
  SimulatedLedger ledger_;
  std::unique_ptr<SimulatedTable> table_;
  std::unique_ptr<supervisor::Nodes> nodes_;
  bool shutting_down_ = false;
};

}  // namespace sutra::simulation
