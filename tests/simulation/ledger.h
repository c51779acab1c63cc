// The real ledger's interface over the simulated disk. Simulation only.
#pragma once
#include "supervisor/ledger/ledger.h"
#include "tests/simulation/session.h"

namespace sutra::simulation {

class SimulatedLedger final : public supervisor::Ledger {
 public:
  explicit SimulatedLedger(Session& session) : session_(session) {}

  [[nodiscard]] Contents read() override;
  [[nodiscard]] Status write_intent(const core::Intent& intent) override;
  [[nodiscard]] Status write_facts(const supervisor::Facts& facts) override;
  [[nodiscard]] Present present(const NodeId& node_id) const override;
  [[nodiscard]] Status forget(const NodeId& node_id) override;
  [[nodiscard]] Status append(const Event& event) override;

  // Of no interest here.
  [[nodiscard]] Status write_registration(const std::string&) override { return {}; }
  [[nodiscard]] std::string read_registration() override { return {}; }
  [[nodiscard]] Status write_last_config(const std::string&) override { return {}; }
  [[nodiscard]] std::optional<std::string> read_last_config() override { return std::nullopt; }

 private:
  void tell_checks(const Event& event, Serial subject, Appended appended);

  Session& session_;
};

}  // namespace sutra::simulation
