// One round of chaos: one agent, from its first start to its orderly stop. Chaos tests only.
#pragma once
#include <cstdint>

#include "tests/chaos/fault_injector.h"
#include "tests/chaos/host.h"
#include "tests/chaos/options.h"

namespace sutra::chaos {

class Round {
 public:
  /// `until`: journal time after which no fault is injected; 0: none.
  Round(Host& host, const Kills& kills, std::uint64_t seed, double until);
  void run();

 private:
  bool start_all();
  void steady();     ///< one supervisor all the time: its resources must return to the baseline
  void pinged();     ///< only supervisor and comms are killed: no node may be disturbed
  void mixed();      ///< all faults at once
  void forgetful();  ///< the agent's directories are deleted while nodes run
  void quiet();
  void check_growth(const Footprint& before, const char* when);
  [[nodiscard]] bool over() const;
  /// Subtracts one from `left` when a process was killed.
  static void spend(std::uint64_t& left, bool hit) { left -= hit ? 1 : 0; }
  void check_untouched(const std::map<std::string, pid_t>& before, const char* after_what);
  void kill_one(Kills& left, bool nodes_too);
  void lose(bool state, bool runtime);

  Host& host_;
  Kills left_;
  const double until_;
  FaultInjector injector_;
  std::vector<std::unique_ptr<Operator>> operators_;
};

}  // namespace sutra::chaos
