// The ways to hurt: each picks its victim by seeded chance, notes what it does, and does it. Chaos tests
// only.
#pragma once
#include <string>

#include "tests/chaos/dice.h"
#include "tests/chaos/host.h"

namespace sutra::chaos {

class Hurt {
 public:
  Hurt(Host& host, std::uint64_t seed) : host_(host), dice_(seed) {}

  // True when somebody was hit.
  bool kill_node();
  bool kill_comms();
  /// Killed, perhaps with nodes that die while nobody looks, then started again as systemd would.
  bool kill_supervisor(bool nodes_too);
  bool kill_both(bool nodes_too);

  /// Ends all that is left of a node, as the agent's advice about an unknown holder says.
  void end_members(const std::string& node);

  void stop_node();  ///< SIGSTOP for less than a probe's patience
  void stop_comms();
  void stop_supervisor();
  void reload();              ///< one SIGHUP, or a storm
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
