#include "tests/unit/supervisor/ledger/sandbox.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <sstream>

namespace sutra::supervisor::testing {

core::Intent some_intent(const std::string& node_id, std::uint64_t revision) {
  core::Intent intent;
  intent.node_id = sutra::testing::id_of(node_id);
  intent.placement = {"/data/" + node_id, "/data", 50051, 2048};
  intent.revision = revision;
  return intent;
}

core::Intent awkward_intent(const std::string& node_id, std::uint64_t revision) {
  core::Intent intent = some_intent(node_id, revision);
  intent.request = {"a \"quoted\" \\ back\tslash\n\x01\x7f ünïcödé 🚀",
                    std::numeric_limits<std::uint32_t>::max(), std::numeric_limits<std::uint64_t>::max()};
  intent.placement = {"/srv/dätä \"x\"/n", "/srv/dätä \"x\"", 65535, std::uint64_t{1} << 63U};
  intent.confirmed = true;
  intent.quarantined = true;
  return intent;
}

Facts some_facts(const core::Intent& intent) {
  Facts facts;
  facts.intent = intent;
  facts.state = core::State::kBackoff;
  facts.process = {4'194'304, std::numeric_limits<std::uint64_t>::max(), std::uint64_t{1} << 63U,
                   "0f8fad5b-d9cb-469f-a165-70867728950e"};
  facts.generation = std::numeric_limits<std::uint64_t>::max();
  facts.started_at_unix = -1;
  facts.since = core::Nanoseconds(123);
  facts.retry_due = core::Nanoseconds(456);
  facts.history = {
      {core::Nanoseconds{1}, core::Nanoseconds{std::numeric_limits<std::int64_t>::max()}}, 2, 4'294'967'295U};
  facts.last_exit = core::Exit{core::ExitCause::kSignal, 0, 9, 1'700'000'000};
  return facts;
}

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void put(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << bytes;
  ASSERT_TRUE(file.good()) << path;
}

std::vector<std::string> lines(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<std::string> out;
  for (std::string line; std::getline(file, line);) out.push_back(line);
  return out;
}

std::vector<std::string> names(const std::filesystem::path& directory) {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    out.push_back(entry.path().filename());
  std::sort(out.begin(), out.end());
  return out;
}

std::unique_ptr<Ledger> Sandbox::open() const {
  auto ledger = Ledger::open(state, runtime);
  if (!ledger) throw std::runtime_error(ledger.error().message());
  return std::move(ledger).value();
}

}  // namespace sutra::supervisor::testing
