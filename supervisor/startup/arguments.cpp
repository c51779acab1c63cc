#include "supervisor/startup/arguments.h"

#include <CLI/CLI.hpp>

#include "common/version.h"

namespace sutra::supervisor {
namespace {

constexpr int kExitUsage = 2;

void declare(CLI::App& app, Arguments& arguments) {
  app.name("sutra-agent");
  app.set_version_flag("--version", std::string("sutra-agent ") + kVersion);
  // One option with two names: newer versions of the library refuse two options that share the word.
  app.add_option("config,--config", arguments.config_path,
                 "Configuration file; default: ./agent-config.toml, else /etc/sutra-agent/agent-config.toml")
      ->check([](const std::string& path) { return path.empty() ? "it is empty; name a path" : ""; });
  app.add_flag("--check-config", arguments.check_config,
               "Print what is wrong with the configuration (exit status 78), or the effective one, and exit");
  app.add_option("--config-fd", arguments.config_fd)->group("");
  app.add_option("--must-keep", arguments.must_keep)->expected(3)->group("");
}

}  // namespace

std::variant<Arguments, int> parse_arguments(int argc, char** argv) {
  Arguments arguments;
  CLI::App app{"The Sutra Grid Agent: starts, stops, watches and restarts the storage servers of this host."};
  try {
    declare(app, arguments);
    app.parse(argc, argv);
  } catch (const CLI::Error& error) {  // of the parsing, and of declare(): versions of the library differ
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  return arguments;
}

}  // namespace sutra::supervisor
