// What is kept on disk across our restarts. Intents in state_dir/nodes (durable), facts in runtime_dir/nodes
// (a reboot clears them), events in state_dir/events.jsonl. One TOML file a node, named NODE_ID.toml, with a
// checksum as its last line; a file that does not parse, or is of a future version, is set aside as .bad,
// reported, and the rest goes on. Supervisor; single-threaded.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/node_id.h"
#include "common/result.h"
#include "supervisor/core/facts.h"

namespace sutra::supervisor {

using core::Facts;

/// What is known of one node after reading both directories. The intent is the copy with the higher revision.
struct NodeRecord {
  core::Intent intent;
  bool intent_saved = true;    ///< false: only the facts hold it, and it could not be written back
  std::optional<Facts> facts;  ///< as they were written: facts->intent may be older than `intent`
};

/// Can be searched by text too: a cgroup's name holds a node_id that nobody parsed.
using NodeRecords = std::map<NodeId, NodeRecord, std::less<>>;

class Ledger {
 public:
  /// Makes `state_dir`/nodes and `runtime_dir`/nodes when missing; that is all that can fail. An event log
  /// that cannot be opened is tried again at each append.
  [[nodiscard]] static Result<std::unique_ptr<Ledger>> open(const std::string& state_dir,
                                                            const std::string& runtime_dir);
  virtual ~Ledger() = default;

  struct Contents {
    NodeRecords nodes;
    std::vector<std::string>
        set_aside;  ///< one sentence each: the file, what was wrong with it, where it is now
    /// One sentence each: what could not be read or written back for a reason that may go away (no
    /// descriptors, no permission, a disk error). Nothing was moved: the next read() may succeed.
    std::vector<std::string> problems;
    /// False when a directory or a file could not be read: a recorded node may be missing from `nodes`. A
    /// caller that went on with such contents would never start that node again.
    bool complete = true;
  };
  /// Reads all. Left-over temporary files are removed. An intent that only the facts hold, or hold newer, is
  /// written back to state_dir, so that losing first one directory and later the other loses nothing.
  [[nodiscard]] virtual Contents read() = 0;

  /// Temporary file, fsync, rename, fsync of the directory. On an error nothing changed. A vanished directory
  /// is made again. What read() would not accept is refused: placement paths are absolute, storage_path lies
  /// beneath root, port and memory are not 0, text is UTF-8. A parked goal is written as running.
  [[nodiscard]] virtual Status write_intent(const core::Intent& intent) = 0;
  /// Temporary file, rename, no fsync. A vanished directory is made again. Refuses what write_intent refuses.
  [[nodiscard]] virtual Status write_facts(const Facts& facts) = 0;

  /// Whether the node's files lie in their directories now; somebody may have removed them.
  struct Present {
    bool intent = false;
    bool facts = false;
  };
  [[nodiscard]] virtual Present present(const NodeId& node_id) const = 0;

  /// Removes what is recorded of a node: the facts, durably, and then the intent, durably. What a crash in
  /// between leaves is an intent alone. When forget is called that intent says stopped, or it was never
  /// confirmed and no process is recorded: both are forgotten again at the next start, and neither is
  /// started. The other order would leave facts alone, whose copy of the intent may be older and say running:
  /// a stopped node would come back. For the same reason the intent is kept, and an error returned, when the
  /// facts cannot be removed. Not recorded at all is a success. An error says what is still there; calling
  /// again is safe.
  [[nodiscard]] virtual Status forget(const NodeId& node_id) = 0;

  /// One line a lifecycle event.
  struct Event {
    std::int64_t at_unix = 0;
    NodeId node_id;  ///< empty: about the agent
    std::uint64_t generation = 0;
    std::string what;                ///< "died", "started", "stopped", "quarantined"...
    std::string cause;               ///< in words; cut after 4 KiB
    std::optional<core::Exit> exit;  ///< with "died"
  };
  /// Appends with the next sequence number, in one write, without fsync. The sequence has no gaps: it goes on
  /// across our restarts and the file's rotation (at 8 MiB, to events.jsonl.1, one old file), and an append
  /// that fails uses up no number and leaves no part of a line.
  ///
  /// A "died" is a repeat when the death of that generation is recorded, or a later generation was started. A
  /// repeat is dropped, and that is a success. (Old facts, where newer ones could not be written, may report
  /// the same death again much later.) Generations start from 1 again when the facts are lost (a reboot) or
  /// the node is forgotten: so after a "started" of generation G the deaths from G on are recorded again.
  /// forget() changes nothing here: a death that waits until the log can be written may be appended after it.
  [[nodiscard]] virtual Status append(const Event& event) = 0;

  /// runtime_dir/registration: the last AgentInfo that a Master acknowledged. Empty text removes it.
  [[nodiscard]] virtual Status write_registration(const std::string& agent_info) = 0;
  [[nodiscard]] virtual std::string read_registration() = 0;  ///< empty: none, or it cannot be read

  /// state_dir/last-config.toml, 0600: the last configuration that was checked and run. Durable.
  [[nodiscard]] virtual Status write_last_config(const std::string& text) = 0;
  [[nodiscard]] virtual std::optional<std::string> read_last_config() = 0;
};

}  // namespace sutra::supervisor
