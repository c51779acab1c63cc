// The two directories of the ledger, as supervisor/ledger promises to keep them: writes that fail change
// nothing, facts are not synced. Simulation only.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "supervisor/ledger/ledger.h"
#include "tests/simulation/coverage.h"
#include "tests/simulation/kernel.h"
#include "tests/simulation/random.h"

namespace sutra::simulation {

using supervisor::Facts;
using supervisor::NodeRecord;

/// What became of an append.
enum class Appended { kWritten, kRepeat, kFailed };

class Disk {
 public:
  Disk(Random& random, Coverage& coverage) : random_(random), coverage_(coverage) {}

  std::map<std::string, core::Intent> intents;
  std::map<std::string, Facts> facts;

  // ---- the ledger's calls
  void open_events();
  [[nodiscard]] supervisor::NodeRecords read();
  [[nodiscard]] bool write_intent(const core::Intent& intent);
  [[nodiscard]] bool write_facts(const Facts& facts);
  [[nodiscard]] bool forget(const std::string& node_id);
  [[nodiscard]] Appended append(const std::string& node_id, std::uint64_t generation,
                                const std::string& what);

  // ---- the launcher's marks
  void begin_mark(const Leaf& launch);
  void mark_executed(const Leaf& launch);
  void unmark(const Leaf& launch) { marks_.erase(launch); }
  void forget_marks(const std::string& node_id);
  [[nodiscard]] std::optional<bool> mark(const Leaf& launch) const;

  // ---- what happens to a disk
  void delete_state();
  void delete_runtime();
  /// What was not synced may be what it was before, or gone.
  void lose_unsynced_facts();

  std::vector<std::string>* trace = nullptr;  ///< or where to tell what is appended
  unsigned state_fault_per_mille = 0;
  unsigned runtime_fault_per_mille = 0;

  /// Nodes of which the last write did not reach this directory, or was taken away again.
  std::set<std::string> stale_intents, stale_facts;

 private:
  [[nodiscard]] Appended append_line(const std::string& node_id, std::uint64_t generation,
                                     const std::string& what);
  [[nodiscard]] bool fails(unsigned per_mille, Mark mark);

  Random& random_;
  Coverage& coverage_;
  std::map<std::string, Facts> facts_before_;
  std::map<Leaf, bool> marks_;
  std::map<std::string, std::uint64_t> over_in_file_;
  std::map<std::string, std::uint64_t> over_;  ///< of the open log
};

}  // namespace sutra::simulation
