// state_dir/events.jsonl: appended, numbered without gaps, bounded, every death once. Ledger::append says
// what is promised. Supervisor.
#pragma once
#include <sys/stat.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "common/result.h"
#include "common/unique_fd.h"
#include "supervisor/ledger/ledger.h"

namespace sutra::supervisor::ledger {

inline constexpr off_t kEventLogMaxBytes = 8 << 20;

class EventLog {
 public:
  /// Opens nothing yet. `max_bytes` bounds each of the two files.
  explicit EventLog(const std::string& state_dir, off_t max_bytes = kEventLogMaxBytes);

  /// Reads both files and opens the current one: about 1 ms a MiB. Where this fails, the next append tries
  /// again.
  Status open();

  [[nodiscard]] Status append(const Ledger::Event& event);

 private:
  Status recover();
  Status scan(const std::string& path);
  void note(const std::string& node_id, std::uint64_t generation, std::string_view what);
  Status open_file();
  void drop_torn_line();
  Status rotate();
  Status write_line(std::string line);

  std::string path_;
  off_t max_bytes_;
  UniqueFd fd_;
  struct stat file_ {};     ///< of fd_, when it was last looked at
  bool recovered_ = false;  ///< both files were scanned
  bool torn_ = false;       ///< the file ends with a part of a line that could not be removed
  std::uint64_t last_seq_ = 0;
  /// By node_id, the highest generation whose death would be a repeat. At most one entry for each node that
  /// the two files name.
  std::map<std::string, std::uint64_t, std::less<>> ended_;
};

}  // namespace sutra::supervisor::ledger
