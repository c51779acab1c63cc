// What /proc, the cgroup file system and the event log say about an agent's sandbox. Knows nothing of the
// agent's own state and asks it nothing. Tests only.
#pragma once
#include <sys/types.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/sandbox.h"

namespace sutra::faults {

/// A process whose working directory lies in the sandbox.
struct Seen {
  pid_t pid = 0;
  std::string program;    ///< file name of what it executes
  std::string node_id;    ///< from its environment; empty: no storage server
  std::string directory;  ///< its working directory
};
[[nodiscard]] std::vector<Seen> processes_in(const std::string& directory);

/// Storage servers by node_id. Two with one node_id or one directory: a sentence in `faults`.
[[nodiscard]] std::map<std::string, pid_t> servers_in(const e2e::Sandbox& sandbox,
                                                      std::set<std::string>& faults);

/// Children of `parent` that are dead and unreaped.
[[nodiscard]] std::set<pid_t> zombies_of(pid_t parent);

/// Node ids of the cgroups that stand; a leaf that belongs to no node_id appears by its own name.
[[nodiscard]] std::multiset<std::string> cgroup_nodes(const e2e::Sandbox& sandbox);

/// What events.jsonl says.
struct EventHistory {
  std::vector<std::string> faults;            ///< gaps, repeats, lines that are none; a sentence each
  std::map<std::string, std::size_t> deaths;  ///< recorded, by node_id
  std::size_t lines = 0;
  std::string unfinished;  ///< what follows the last whole line
};

/// Reads events.jsonl, each line once: a campaign looks at it thousands of times. A line that has not ended
/// yet is read the next time; a file that was made anew is read from its beginning, as the whole history.
class EventReader {
 public:
  explicit EventReader(const e2e::Sandbox& sandbox);
  [[nodiscard]] const EventHistory& read();

 private:
  explicit EventReader(std::string path) : path_(std::move(path)) {}
  void take(const std::string& line);

  std::string path_;
  ino_t inode_ = 0;
  off_t offset_ = 0;
  EventHistory history_;
  std::optional<std::uint64_t> last_seq_;
  std::map<std::string, std::uint64_t> last_death_;  ///< generation; since the node's last start
};
/// All of it, now; an unfinished line is a fault.
[[nodiscard]] EventHistory read_events(const e2e::Sandbox& sandbox);

}  // namespace sutra::faults
