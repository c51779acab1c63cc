// What runs before there is a Supervisor object: a clean process state, and the choice of a configuration.
// Supervisor.
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

/// Makes the process independent of its parent: opens descriptors 0 to 2, closes all others (unless
/// `handed_over`), sets every signal to its default action except SIGPIPE (ignored), sets umask 027. All
/// signals stay blocked until the event loop runs.
void sanitize_process(bool handed_over);

struct ChosenConfig {
  Config config;
  std::string text;
  std::string path;  ///< absolute
  std::vector<std::string> warnings;
  /// Not empty: the file has these faults, and this is the last configuration that passed the check.
  std::string instead;
};

/// True when a node of the ledger runs, or may run.
using NodesLive = std::function<bool(Ledger& ledger)>;
[[nodiscard]] bool nodes_live(Ledger& ledger);

/// Reads and checks the configuration that the handoff or the arguments name. When it has faults and nodes
/// run: returns the last configuration that passed the check, so that the nodes stay supervised. When no node
/// runs: returns all faults as text, to be printed before an exit with status 78.
[[nodiscard]] std::variant<ChosenConfig, std::string> choose_config(const Arguments& arguments,
                                                                    const Handoff& handoff,
                                                                    const NodesLive& live = nodes_live);

/// Compares `config` with `must_keep` (agent_id, state_dir and runtime_dir of the running agent; or empty: no
/// check), which a reload cannot change. Returns one line for each fault; empty: none.
[[nodiscard]] std::string kept_fault(const Config& config, const std::vector<std::string>& must_keep);

/// Runs --check-config: prints the faults (status 78) or the effective configuration (status 0). Returns the
/// exit status.
[[nodiscard]] int check_config(const Arguments& arguments);

}  // namespace sutra::supervisor
