// The faults of a chaos run. Each chooses its process at random (from the seed), writes it to the journal, and acts.
// Chaos tests only.
#pragma once
#include <string>

#include "tests/chaos/dice.h"
#include "tests/chaos/host.h"

namespace sutra::chaos {

class FaultInjector {
 public:
  FaultInjector(Host& host, std::uint64_t seed) : host_(host), dice_(seed) {}

  // True when a process was killed.
  bool kill_node();
  bool kill_comms();
  /// Killed, perhaps with nodes that die while no supervisor runs, then started again as systemd would.
  bool kill_supervisor(bool nodes_too);
  bool kill_both(bool nodes_too);

  /// Kills all processes that are left of a node, as the agent advises for an unknown lock holder.
  void end_members(const std::string& node);

  void stop_node();  ///< SIGSTOP for less time than failed probes need
  void stop_comms();
  void stop_supervisor();
  void reload();              ///< one SIGHUP, or many
  void save_in_background();  ///< a redis forks a child that writes for seconds

  Dice& dice() { return dice_; }

 private:
  [[nodiscard]] std::optional<Member> victim();
  bool end(const Member& member, int signum);
  void start_again(bool nodes_too);
  void impersonate(const Member& dead);

  Host& host_;
  Dice dice_;
};

}  // namespace sutra::chaos
