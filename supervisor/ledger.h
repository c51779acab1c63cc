// What survives us. Intents in state_dir/nodes (durable), facts in runtime_dir/nodes (a reboot clears them), events in
// state_dir/events.jsonl. One TOML file a node; a file that does not parse, or is of a future version, is set
// aside as .bad, reported, and the rest goes on. Supervisor; single-threaded.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "supervisor/core/event.h"
#include "supervisor/core/node.h"
#include "supervisor/process.h"

namespace sutra::supervisor {

/// Everything recorded about a node's process, with a copy of the intent.
struct Facts {
  core::Intent intent;
  core::State state = core::State::kStarting;
  ProcessIdentity process;  ///< pid 0: none
  std::uint64_t generation = 0;
  std::int64_t started_at_unix = 0;
  std::uint64_t since_boot_ns = 0;      ///< Node::since
  std::uint64_t retry_due_boot_ns = 0;  ///< in backoff and occupied, CLOCK_BOOTTIME; 0 = none
  core::History history;
  std::optional<core::Exit> last_exit;
  friend bool operator==(const Facts&, const Facts&) = default;
};

/// What is known of one node after reading both directories. The intent is the copy with the higher revision.
struct Recorded {
  core::Intent intent;
  std::optional<Facts> facts;
};

class Ledger {
 public:
  /// Makes `state_dir`/nodes and `runtime_dir`/nodes when missing.
  [[nodiscard]] static Result<std::unique_ptr<Ledger>> open(const std::string& state_dir, const std::string& runtime_dir);
  virtual ~Ledger() = default;

  struct Contents {
    std::map<std::string, Recorded> nodes;  ///< by node_id
    std::vector<std::string> set_aside;     ///< one sentence each: the file, what was wrong with it, where it is now
  };
  /// Reads all. Left-over temporary files are removed.
  [[nodiscard]] virtual Contents read() = 0;

  /// Temporary file, fsync, rename, fsync of the directory. On an error nothing changed. A vanished directory is made again.
  [[nodiscard]] virtual Status write_intent(const core::Intent& intent) = 0;
  /// Temporary file, rename, no fsync. A vanished directory is made again.
  [[nodiscard]] virtual Status write_facts(const Facts& facts) = 0;
  /// Removes both files of a node, the intent durably and first... so that a crash in between leaves it stopped.
  [[nodiscard]] virtual Status forget(const std::string& node_id) = 0;

  /// One line a lifecycle event.
  struct Event {
    std::int64_t at_unix = 0;
    std::string node_id;
    std::uint64_t generation = 0;
    std::string what;                 ///< "died", "started", "stopped", "quarantined"...
    std::string cause;                ///< in words
    std::optional<core::Exit> exit;   ///< with "died"
  };
  /// Appends with the next sequence number (continues across our restarts and the file's rotation). Of a death
  /// with a (node, generation) that was recorded already the repeat is dropped and that is a success.
  [[nodiscard]] virtual Status append(const Event& event) = 0;

  /// runtime_dir/registration: the last AgentInfo that a Master acknowledged. Empty text removes it.
  [[nodiscard]] virtual Status write_registration(const std::string& agent_info) = 0;
  [[nodiscard]] virtual std::string read_registration() = 0;

  /// state_dir/last-config.toml and the path it came from: the last configuration that was checked and run.
  [[nodiscard]] virtual Status write_last_config(const std::string& text) = 0;
  [[nodiscard]] virtual std::optional<std::string> read_last_config() = 0;
};

}  // namespace sutra::supervisor
