// The command line of sutra-agent. Supervisor.
#pragma once
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace sutra::supervisor {

struct Arguments {
  std::string config_path;  ///< empty: the default places
  bool check_config = false;
  int config_fd = -1;  ///< read the bytes from here; config_path only names them
  std::vector<std::string>
      must_keep;  ///< agent_id, state_dir, runtime_dir of the agent that reloads; empty: none
};

/// The arguments, or the exit status when --help, --version or a mistake already said all.
[[nodiscard]] std::variant<Arguments, int> parse_arguments(int argc, char** argv);

}  // namespace sutra::supervisor
