#include "supervisor/startup/arguments.h"

#include <CLI/CLI.hpp>

#include "common/version.h"

namespace sutra::supervisor {

std::variant<Arguments, int> parse_arguments(int argc, char** argv) {
  Arguments arguments;
  CLI::App app{"The Sutra Grid Agent: starts, stops, watches and restarts the storage servers of this host."};
  app.name("sutra-agent");
  app.set_version_flag("--version", std::string("sutra-agent ") + kVersion);
  std::string positional;
  app.add_option("config", positional,
                 "Configuration file; default: ./agent-config.toml, else /etc/sutra-agent/agent-config.toml");
  app.add_option("--config", arguments.config_path, "The same, as an option");
  app.add_flag("--check-config", arguments.check_config,
               "Print what is wrong with the configuration (exit status 78), or the effective one, and exit");
  app.add_option("--config-fd", arguments.config_fd)->group("");
  app.add_option("--must-keep", arguments.must_keep)->expected(3)->group("");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (arguments.config_path.empty()) arguments.config_path = positional;
  return arguments;
}

}  // namespace sutra::supervisor
