// The command line of sutra-agentctl. sutra-agentctl.
#pragma once
#include <cstdint>
#include <string>
#include <variant>

namespace sutra::ctl {

enum class Command { kStatus, kList, kSpawn, kStop, kRestart, kReload, kCheckConfig, kDoctor };

struct Options {
  Command command = Command::kStatus;
  std::string config_path;  ///< empty: default_config_path()
  std::string runtime_dir;  ///< empty: from the configuration
  bool json = false;
  std::string node_id;  ///< empty, for spawn only: generate one
  std::string storage_path;
  std::uint32_t port = 0;
  std::uint64_t memory_mb = 0;
};

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitNotRunning = 3;  ///< only from `status`

/// The options; or the exit status to end with, after --help or --version or a usage error was printed.
[[nodiscard]] std::variant<Options, int> parse_options(int argc, char** argv);

}  // namespace sutra::ctl
