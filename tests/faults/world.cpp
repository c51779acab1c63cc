#include "tests/faults/world.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace sutra::faults {
namespace {

namespace fs = std::filesystem;

std::string link_of(const fs::path& path) {
  std::error_code gone;
  std::string target = fs::read_symlink(path, gone).string();
  const std::string deleted = " (deleted)";
  if (target.ends_with(deleted)) target.resize(target.size() - deleted.size());
  return target;
}

std::string variable(const std::string& environment, const std::string& name) {
  const std::string all = '\0' + environment;
  const std::size_t at = all.find('\0' + name + "=");
  return at == std::string::npos ? std::string() : std::string(all.c_str() + at + name.size() + 2);
}

std::vector<pid_t> all_pids() {
  std::vector<pid_t> pids;
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator("/proc", gone)) {
    if (const int pid = std::atoi(entry.path().filename().c_str()); pid > 0) pids.push_back(pid);
  }
  return pids;
}

}  // namespace

std::vector<Seen> processes_in(const std::string& directory) {
  std::vector<Seen> found;
  for (const pid_t pid : all_pids()) {
    const fs::path proc = "/proc/" + std::to_string(pid);
    const std::string cwd = link_of(proc / "cwd");
    if (cwd != directory && !cwd.starts_with(directory + "/")) continue;
    const std::string program = fs::path(link_of(proc / "exe")).filename();
    if (program.empty()) continue;  // it is dying
    found.push_back({pid, program, variable(e2e::read_file(proc / "environ"), "NODE_ID"), cwd});
  }
  return found;
}

std::map<std::string, pid_t> servers_in(const e2e::Sandbox& sandbox, std::set<std::string>& faults) {
  std::map<std::string, pid_t> servers;
  std::map<std::string, pid_t> holders;
  for (const Seen& seen : processes_in(sandbox.at("data"))) {
    if (seen.node_id.empty()) continue;  // a launcher has no environment
    const auto [other, first] = holders.emplace(seen.directory, seen.pid);
    if (!first) {
      faults.insert("two servers on " + seen.directory + ": " + std::to_string(other->second) + " and " +
                    std::to_string(seen.pid));
    }
    if (!servers.emplace(seen.node_id, seen.pid).second) faults.insert("two servers of node " + seen.node_id);
  }
  return servers;
}

std::set<pid_t> zombies_of(pid_t parent) {
  std::set<pid_t> zombies;
  const std::string wanted = ") Z " + std::to_string(parent) + " ";
  for (const pid_t pid : all_pids()) {
    if (e2e::read_file("/proc/" + std::to_string(pid) + "/stat").find(wanted) != std::string::npos)
      zombies.insert(pid);
  }
  return zombies;
}

std::multiset<std::string> cgroup_nodes(const e2e::Sandbox& sandbox) {
  std::multiset<std::string> nodes;
  for (const fs::path path : sandbox.cgroups()) {
    const std::string name = path.filename();
    if (name.starts_with("sutra-")) continue;  // the place of all of them
    nodes.insert(name.substr(0, name.rfind('.')));
  }
  return nodes;
}

EventReader::EventReader(const e2e::Sandbox& sandbox) : path_(sandbox.at("state/events.jsonl")) {}

const EventHistory& EventReader::read() {
  std::ifstream file(path_);
  struct stat now {};
  const bool other = ::stat(path_.c_str(), &now) != 0 || now.st_ino != inode_;
  if (other || now.st_size < offset_) {
    *this = EventReader(std::move(path_));
    inode_ = now.st_ino;
  }
  file.seekg(offset_);
  history_.unfinished.clear();
  for (std::string line; std::getline(file, line);) {
    if (file.eof()) {
      history_.unfinished = line;
      break;
    }
    offset_ += static_cast<off_t>(line.size()) + 1;
    take(line);
  }
  return history_;
}

EventHistory read_events(const e2e::Sandbox& sandbox) {
  EventHistory history = EventReader(sandbox).read();
  if (!history.unfinished.empty()) history.faults.push_back("no event: " + history.unfinished);
  return history;
}

void EventReader::take(const std::string& line) {
  ++history_.lines;
  const auto event = nlohmann::json::parse(line, nullptr, false);
  if (event.is_discarded() || !event.is_object() || !event.contains("seq")) {
    history_.faults.push_back("no event: " + line);
    return;
  }
  const std::uint64_t seq = event["seq"];
  if (last_seq_ && seq != *last_seq_ + 1)
    history_.faults.push_back("seq " + std::to_string(*last_seq_) + " is followed by: " + line);
  last_seq_ = seq;
  const std::string node = event.value("node_id", "");
  const std::string what = event.value("what", "");
  const std::uint64_t generation = event.value("generation", std::uint64_t{0});
  if (what == "started" || what == "stopped") last_death_.erase(node);
  if (what != "died") return;
  ++history_.deaths[node];
  const auto [before, first] = last_death_.emplace(node, generation);
  if (!first && before->second == generation) history_.faults.push_back("a death is recorded twice: " + line);
  before->second = generation;
}

}  // namespace sutra::faults
