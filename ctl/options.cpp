#include "ctl/options.h"

#include <CLI/CLI.hpp>

#include "common/version.h"

namespace sutra::ctl {
namespace {

/// An unset variable of a script must not lead to the default agent.
std::string not_empty(const std::string& text) { return text.empty() ? "it is empty; name a path" : ""; }

void declare(CLI::App& app, Options& o) {
  app.name("sutra-agentctl");
  app.set_version_flag("--version", std::string("sutra-agentctl ") + kVersion);
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--config", o.config_path,
                 "The agent's configuration file (says where its control socket is)")
      ->check(not_empty);
  app.add_option("--runtime-dir", o.runtime_dir, "The agent's runtime_dir, instead of the configuration's")
      ->check(not_empty);
  app.add_flag("--json", o.json, "Print JSON with a schema number");

  const auto command = [&](const char* name, const char* help, Command which) {
    auto* sub = app.add_subcommand(name, help);
    sub->callback([&o, which] { o.command = which; });
    return sub;
  };
  command("status", "The agent, its comms, its Master and its nodes; exit status 3 when it does not run",
          Command::kStatus);
  command("list", "One line a node", Command::kList);
  auto* spawn = command("spawn", "Start a node", Command::kSpawn);
  spawn->add_option("node_id", o.node_id, "Its name; one is made when it is left out");
  spawn->add_option("--path", o.storage_path, "Its data directory; relative paths lie beneath data_path");
  spawn->add_option("--port", o.port, "Its port; 0 = the next free one");
  spawn->add_option("--memory-mb", o.memory_mb, "Its memory limit; 0 = the default");
  command("stop", "Stop a node and forget it; its data stays", Command::kStop)
      ->add_option("node_id", o.node_id)
      ->required();
  command("restart", "Stop a node and start it again", Command::kRestart)
      ->add_option("node_id", o.node_id)
      ->required();
  command("reload", "Check the configuration and replace the supervisor in place; nodes keep running",
          Command::kReload);
  command("check-config", "Print what is wrong with the configuration, or the effective one",
          Command::kCheckConfig);
  command("doctor", "Which protections are on here, which are off and why", Command::kDoctor);
}

}  // namespace

std::variant<Options, int> parse_options(int argc, char** argv) {
  Options o;
  CLI::App app{
      "Shows and controls the Sutra Grid Agent of this host. Works while comms or the Master is down."};
  try {
    declare(app, o);
    app.parse(argc, argv);
  } catch (const CLI::Error& error) {  // of the parsing, and of declare(): versions of the library differ
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  return o;
}

}  // namespace sutra::ctl
