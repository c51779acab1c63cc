// The node table: the state of all nodes in a file that the supervisor writes and other processes map
// read-only.
//
// One header page, then rows of 512 bytes. Each row has a sequence lock: its number is odd while the writer
// changes the row. A writer that is killed in between leaves it odd for ever, so readers retry a limited
// number of times and then return what they read, marked "stale". There is no lock that a dead process could
// hold. Each start of the supervisor creates a new file (a new inode, never truncated) and reads nothing from
// the old one.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/node_state.h"
#include "common/result.h"
#include "common/unique_fd.h"
#include "ipc/messages.h"

namespace sutra::ipc {

/// The contents of a row. Times are Unix seconds, 0 = never.
struct NodeRow {
  NodeIdText node_id;
  PathText storage_path;         // absolute
  std::uint64_t generation = 0;  // of the current or last process
  std::uint64_t memory_limit_mb = 0;
  std::uint64_t started_at = 0;     // when the current process was exec'd
  std::uint64_t next_retry_at = 0;  // in backoff and occupied
  std::uint64_t last_exit_at = 0;
  std::uint32_t pid = 0;  // live process in every state, 0 = none
  std::uint32_t port = 0;
  std::uint32_t restart_count = 0;
  std::int32_t exit_code = 0;    // with ExitCause::kExit
  std::int32_t exit_signal = 0;  // with kSignal and kOom
  NodeState state = NodeState::kGone;
  NodeGoal goal = NodeGoal::kRunning;
  ExitCause exit_cause = ExitCause::kNone;
  std::uint8_t probe = 1;  // 1: answer readiness and liveness by TCP; 0: none
  std::uint32_t uid = 0;   // the user that the node runs as
  std::uint8_t padding[4] = {};
};
// When you change NodeRow, raise kTableVersion (node_table_layout.h).
static_assert(is_wire<NodeRow, 392>());

/// Writes the table. Only the supervisor has one. Not thread-safe.
class NodeTableWriter {
 public:
  /// Creates `path` with mode 0600 and `capacity` free rows, through a temporary file and rename. An error
  /// when there is not enough space or no permission; the old file then stays.
  [[nodiscard]] static Result<std::unique_ptr<NodeTableWriter>> create(const std::string& path,
                                                                       std::uint32_t capacity);
  virtual ~NodeTableWriter() = default;
  /// Writes a row. Does nothing when `index` is not below capacity().
  virtual void publish(std::uint32_t index, const NodeRow& row) = 0;
  /// Makes the row free (state kGone).
  virtual void clear(std::uint32_t index) = 0;
  [[nodiscard]] virtual std::uint32_t capacity() const = 0;
  /// A new read-only descriptor of the file, with CLOEXEC, to be passed to comms.
  [[nodiscard]] virtual Result<UniqueFd> open_read_only() const = 0;
};

/// Reads the table. Any process; the const functions may be called from several threads at once.
class NodeTableReader {
 public:
  /// Maps the table read-only, after a check of magic, version and size. `fd` may be closed afterwards.
  [[nodiscard]] static Result<std::unique_ptr<NodeTableReader>> map(const UniqueFd& fd);
  [[nodiscard]] static Result<std::unique_ptr<NodeTableReader>> open(const std::string& path);
  virtual ~NodeTableReader() = default;

  struct Read {
    NodeRow row;
    bool stale = false;  ///< the writer died while it changed the row: `row` may mix old and new values
  };
  [[nodiscard]] virtual Read read(std::uint32_t index) const = 0;
  [[nodiscard]] virtual std::uint32_t capacity() const = 0;
  /// All rows in use (state != kGone).
  [[nodiscard]] virtual std::vector<Read> snapshot() const = 0;
  [[nodiscard]] virtual std::optional<Read> find(std::string_view node_id) const = 0;
  /// Rows with a live process: pid != 0.
  [[nodiscard]] virtual std::uint32_t live_count() const = 0;
};

}  // namespace sutra::ipc
