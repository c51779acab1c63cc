// One history: a host, its supervisor and all events of both, chosen from one seed. Simulation only.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/supervisor.h"

namespace sutra::simulation {

class History {
 public:
  /// `trace`: receives one line for each event; or null.
  History(std::uint64_t seed, const Planted& planted, Coverage& coverage, std::vector<std::string>* trace);

  /// Runs it. Returns the violations; the history ends at the first one.
  [[nodiscard]] std::vector<std::string> run();

 private:
  // history.cpp: the order of steps
  void step();
  void guarded(const std::function<void()>& act);
  void start_supervisor();
  void supervisor_is_gone();
  void tell(const std::string& what);
  void tell_state();
  void tell_records();
  void tell_processes();
  void operator_acts();
  void comms_acts();
  void comms_alive(std::optional<Nanoseconds> since);
  void time_passes();
  void loop_turns();

  // disasters.cpp
  void disaster();
  void reload();
  void reboot();

  // machine.cpp: what the processes of the host do
  void kernel_acts();
  void run_launcher(Process& process);
  void run_server(Process& process);
  void fork_from(Process& server, Parent parent);
  void end(Process& process);
  void signals_arrive(std::uint64_t per_mille);
  void init_reaps(std::uint64_t per_mille);
  void decoys_act();

  // ending.cpp: without more faults the wanted state is reached
  void finish();
  void converge();
  bool converge_once();
  void check_running();
  void check_nothing_is_left();

  [[nodiscard]] bool failed() const { return !checks_.violations().empty(); }
  [[nodiscard]] std::string some_node();
  [[nodiscard]] core::Exit some_exit();

  struct Message {
    std::string node_id;
    std::uint64_t generation;
    bool ready;
  };

  Random random_;
  Coverage& coverage_;
  const Planted& planted_;
  std::vector<std::string>* trace_;
  Kernel kernel_;
  Disk disk_;
  Checks checks_;
  World world_;
  Supervisor::Settings settings_;
  std::unique_ptr<Supervisor> supervisor_;
  std::vector<Message> messages_;
  std::uint64_t nodes_ = 3;
  std::uint64_t disasters_per_mille_ = 0;
};

}  // namespace sutra::simulation
