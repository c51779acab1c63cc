// Follows state_dir/events.jsonl through rotation, deletion and crashes, and checks that every death is recorded once
// and no number is skipped. It keeps the file open, so that a deleted file is still read to its end. Chaos tests only.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "common/unique_fd.h"
#include "tests/chaos/journal.h"

namespace sutra::chaos {

class EventFollower {
 public:
  EventFollower(const std::string& state_dir, Journal& journal);

  /// Reads what is new.
  void follow();
  /// state_dir was emptied: a supervisor that starts after this may count from 1 again.
  void may_count_anew() { may_count_anew_ = true; }
  /// Lines that say "died", by node.
  [[nodiscard]] const std::map<std::string, std::uint64_t>& deaths() const { return deaths_; }
  [[nodiscard]] std::uint64_t lines() const { return lines_; }

 private:
  void drain();
  void take(std::string_view line);

  const std::string path_;
  Journal& journal_;
  UniqueFd file_;
  ino_t inode_ = 0;
  off_t offset_ = 0;
  std::uint64_t last_seq_ = 0, lines_ = 0;
  bool may_count_anew_ = false;
  std::map<std::string, std::uint64_t> deaths_;
  /// Deaths since the node's last start, stop or loss of its history.
  std::set<std::pair<std::string, std::uint64_t>> recent_;
};

}  // namespace sutra::chaos
