// The node table: a view of all nodes in a file that the supervisor writes and others map read-only.
//
// One header page, then rows of 512 bytes. Each row has a sequence lock of its own: odd while the writer is
// inside. A writer killed inside leaves the row odd for ever, so readers retry a bounded number of times and
// then say "stale" and return what they saw last. No lock lies in shared memory. The file is made anew (a new
// inode, never truncated) at each start of the supervisor; nothing is recovered from it.
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

/// What a row says; plain values. Times are Unix seconds, 0 = never.
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
  std::uint32_t uid = 0;   // whom the node runs as
  std::uint8_t padding[4] = {};
};
// A change raises the table's version (node_table_layout.h).
static_assert(is_wire<NodeRow, 392>());

/// Writes the table. The supervisor owns the only one.
class NodeTableWriter {
 public:
  /// Makes `path` anew through a temporary file and rename, 0600, with `capacity` free rows.
  [[nodiscard]] static Result<std::unique_ptr<NodeTableWriter>> create(const std::string& path,
                                                                       std::uint32_t capacity);
  virtual ~NodeTableWriter() = default;
  /// Publishes a row. `index` < capacity.
  virtual void publish(std::uint32_t index, const NodeRow& row) = 0;
  virtual void clear(std::uint32_t index) = 0;
  [[nodiscard]] virtual std::uint32_t capacity() const = 0;
  /// A read-only descriptor of the same inode, CLOEXEC, for comms.
  [[nodiscard]] virtual Result<UniqueFd> open_read_only() const = 0;
};

/// Reads the table; any process, any thread (const methods are safe to call concurrently).
class NodeTableReader {
 public:
  /// Maps a descriptor or a file read-only. Checks magic, version and size.
  [[nodiscard]] static Result<std::unique_ptr<NodeTableReader>> map(const UniqueFd& fd);
  [[nodiscard]] static Result<std::unique_ptr<NodeTableReader>> open(const std::string& path);
  virtual ~NodeTableReader() = default;

  struct Read {
    NodeRow row;
    bool stale = false;  ///< the writer died while it changed the row; what is returned may be mixed
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
