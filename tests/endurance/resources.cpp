#include "tests/endurance/resources.h"

#include <cstdlib>
#include <filesystem>
#include <ostream>
#include <string>

#include "tests/faults/world.h"

namespace sutra::endurance {
namespace {

namespace fs = std::filesystem;

long entries_of(const fs::path& directory) {
  std::error_code none;
  const fs::directory_iterator all(directory, none);
  return none ? 0 : static_cast<long>(std::distance(begin(all), end(all)));
}

/// The number after `key` in the text of a /proc file; 0 without.
long number_after(const std::string& text, const std::string& key) {
  const auto at = text.find(key);
  return at == std::string::npos ? 0 : std::atol(text.c_str() + at + key.size());
}

ProcessResources resources_of(pid_t pid) {
  const std::string proc = "/proc/" + std::to_string(pid);
  ProcessResources found;
  found.descriptors = entries_of(proc + "/fd");
  found.threads = entries_of(proc + "/task");
  found.zombies = static_cast<long>(faults::zombies_of(pid).size());
  found.memory_kb = number_after(e2e::read_file(proc + "/smaps_rollup"), "Pss_Anon:");
  return found;
}

}  // namespace

Resources resources_of(const e2e::Agent& agent, const e2e::Sandbox& sandbox) {
  Resources found;
  found.supervisor = resources_of(agent.pid());
  found.comms = resources_of(agent.comms_pid());
  found.cgroups = static_cast<long>(sandbox.cgroups().size());
  found.records = entries_of(sandbox.at("state/nodes")) + entries_of(sandbox.at("run/nodes"));
  found.files = entries_of(sandbox.at("state")) + entries_of(sandbox.at("run"));
  std::error_code none;
  for (const auto& each : fs::directory_iterator(sandbox.at("state"), none)) {
    if (each.path().filename().string().starts_with("events.jsonl"))
      found.events_kb += static_cast<long>(each.file_size(none) / 1024);
  }
  return found;
}

std::ostream& operator<<(std::ostream& out, const Resources& r) {
  const auto process = [&](const char* name, const ProcessResources& p) {
    out << name << ' ' << p.descriptors << " fds, " << p.threads << " threads, " << p.zombies << " zombies, "
        << p.memory_kb << " kB; ";
  };
  process("supervisor", r.supervisor);
  process("comms", r.comms);
  return out << r.cgroups << " cgroups, " << r.records << " records, " << r.files << " files, events "
             << r.events_kb << " kB";
}

}  // namespace sutra::endurance
