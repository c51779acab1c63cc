// A node table without readers; publishing a row ends a step. Simulation only.
#pragma once
#include <map>
#include <string>

#include "ipc/node_table.h"
#include "tests/simulation/session.h"

namespace sutra::simulation {

class SimulatedTable final : public ipc::NodeTableWriter {
 public:
  SimulatedTable(Session& session, std::uint32_t capacity) : session_(session), capacity_(capacity) {}

  void publish(std::uint32_t index, const ipc::NodeRow& row) override {
    session_.may_be_killed(Mark::kSupervisorKilledInStep);
    node_ids_[index] = row.node_id.view();
    session_.step_over();
  }
  void clear(std::uint32_t index) override {
    session_.may_be_killed(Mark::kSupervisorKilledInStep);
    if (const auto row = node_ids_.extract(index); !row.empty())
      session_.world.checks.removed(row.mapped(), session_.parked());
    session_.step_over();
  }
  [[nodiscard]] std::uint32_t capacity() const override { return capacity_; }
  [[nodiscard]] Result<UniqueFd> open_read_only() const override { return UniqueFd(); }

 private:
  Session& session_;
  std::uint32_t capacity_;
  std::map<std::uint32_t, std::string> node_ids_;
};

}  // namespace sutra::simulation
