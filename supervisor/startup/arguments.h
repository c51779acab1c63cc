// The command line of sutra-agent. Supervisor.
#pragma once
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace sutra::supervisor {

struct Arguments {
  std::string config_path;  ///< empty: look in the default places (default_config_path())
  bool check_config = false;
  /// Internal, used by a reload: read the configuration from this descriptor; config_path only names it in
  /// messages.
  int config_fd = -1;
  /// Internal, used by a reload: agent_id, state_dir and runtime_dir of the running agent; else empty.
  std::vector<std::string> must_keep;
};

/// The arguments; or the exit status to end with, after --help or --version (0) or a usage error (2) was
/// printed.
[[nodiscard]] std::variant<Arguments, int> parse_arguments(int argc, char** argv);

}  // namespace sutra::supervisor
