// A directory of node records: one file NODE_ID.toml a node. Supervisor.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "supervisor/ledger/record.h"

namespace sutra::supervisor::ledger {

/// DIRECTORY/NODE_ID.toml.
[[nodiscard]] std::string record_path(const std::string& directory, const NodeId& node_id);

/// What reading a directory found besides the records.
struct Findings {
  std::vector<std::string> set_aside;  ///< sentences: files that were renamed, and what was wrong with them
  std::vector<std::string> problems;   ///< sentences: what could not be read now and was left alone
  bool complete = true;                ///< false: something could not be read
};

/// Reads every record in `directory`. A file that is not a valid record is renamed to NAME.bad, or to .bad.1
/// to .bad.9 where that exists; when all exist, the last one is replaced. Left-over temporary files are
/// removed; files with other names are not ours and stay. A missing directory is an empty one.
[[nodiscard]] std::map<NodeId, core::Intent> read_intents(const std::string& directory, Findings& findings);
[[nodiscard]] std::map<NodeId, Facts> read_facts(const std::string& directory, Findings& findings);

}  // namespace sutra::supervisor::ledger
