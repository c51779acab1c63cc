// What happens before the supervisor stands: a clean process, and a configuration to run. Supervisor.
#pragma once
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "common/config/config.h"
#include "common/result.h"
#include "supervisor/ledger/ledger.h"
#include "supervisor/startup/arguments.h"
#include "supervisor/startup/handoff.h"

namespace sutra::supervisor {

/// Whatever we inherited: 0-2 are open, other descriptors closed (unless handed over), signals as we expect
/// them, umask 027. Signals stay blocked until the loop runs.
void sanitize_process(bool handed_over);

struct ChosenConfig {
  Config config;
  std::string text;
  std::string path;  ///< absolute
  std::vector<std::string> warnings;
  std::string instead;  ///< the faults, when the last checked configuration is run in place of the file
};

/// Whether a node that the ledger knows runs, or may run.
using NodesLive = std::function<bool(Ledger& ledger)>;
[[nodiscard]] bool nodes_live(Ledger& ledger);

/// Reads and checks what the arguments and the handoff name. With a faulty file and live nodes: the last
/// checked configuration. Else the whole report as text, for exit status 78.
[[nodiscard]] std::variant<ChosenConfig, std::string> choose_config(const Arguments& arguments,
                                                                    const Handoff& handoff,
                                                                    const NodesLive& live = nodes_live);

/// What a reload may not change, and `config` does; a line a fault, empty when there is none. `must_keep`:
/// agent_id, state_dir and runtime_dir of the agent that reloads, or nothing.
[[nodiscard]] std::string kept_fault(const Config& config, const std::vector<std::string>& must_keep);

/// --check-config: prints and returns the exit status.
[[nodiscard]] int check_config(const Arguments& arguments);

}  // namespace sutra::supervisor
