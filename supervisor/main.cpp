// sutra-agent: the supervisor's main program. It checks the configuration, then creates the Supervisor and
// runs it.
#include <cstdio>
#include <variant>

#include "common/log/logging.h"
#include "common/uncaught.h"
#include "common/version.h"
#include "supervisor/startup/arguments.h"
#include "supervisor/startup/startup.h"
#include "supervisor/supervisor.h"

namespace {

using namespace sutra;

constexpr int kExitConfig = 78;  // EX_CONFIG, sysexits(3)

void announce(const supervisor::ChosenConfig& chosen) {
  log::info("🚀", std::string("Sutra Grid Agent v") + kVersion + " starting...", {{"version", kVersion}});
  log::info("📄", "Loading config from " + chosen.path, {{"config_path", chosen.path}});
  if (!chosen.instead.empty()) {
    log::error(
        "the configuration is faulty, and nodes run: the last checked configuration is used instead:\n" +
            chosen.instead,
        {{"config_path", chosen.path}});
  }
  const Config::Agent& agent = chosen.config.agent;
  log::info(
      "⚙️ ",
      "Config: Agent ID: " + agent.agent_id + ", Platform: " + agent.platform +
          ", Max Nodes: " + std::to_string(agent.max_storage_nodes),
      {{"agent_id", agent.agent_id}, {"platform", agent.platform}, {"max_nodes", agent.max_storage_nodes}});
  for (const auto& warning : chosen.warnings) log::warning(warning);
}

}  // namespace

int main(int argc, char** argv) {
  report_uncaught("sutra-agent");
  auto parsed = supervisor::parse_arguments(argc, argv);
  if (const int* status = std::get_if<int>(&parsed)) return *status;
  const auto& arguments = std::get<supervisor::Arguments>(parsed);
  if (arguments.check_config) return supervisor::check_config(arguments);

  // The order matters: sanitize_process() closes all descriptors unless there is a handoff, and the Launcher
  // must occupy descriptors 3 to 10 before anything else opens one.
  supervisor::Handoff handoff = supervisor::take_handoff();
  supervisor::sanitize_process(handoff.valid());
  auto config = supervisor::choose_config(arguments, handoff);
  if (const auto* faults = std::get_if<std::string>(&config)) {
    std::fputs(faults->c_str(), stderr);
    return kExitConfig;
  }
  auto& chosen = std::get<supervisor::ChosenConfig>(config);
  log::init("supervisor", chosen.config.logging.level, chosen.config.logging.format);
  announce(chosen);
  auto programs = supervisor::find_programs();
  if (!programs) {
    log::error(programs.error().message());
    return 1;
  }
  auto launcher = supervisor::Launcher::open(programs.value().launcher);
  if (!launcher) {
    log::error(launcher.error().message());
    return 1;
  }
  supervisor::Supervisor agent({std::move(chosen.config), std::move(chosen.text), std::move(chosen.path),
                                std::move(programs).value(), std::move(launcher).value(),
                                std::move(handoff)});
  return agent.run();
}
