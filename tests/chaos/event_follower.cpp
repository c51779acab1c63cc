#include "tests/chaos/event_follower.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

namespace sutra::chaos {
namespace {

/// The text after `key`, up to a comma or quote; empty when absent.
std::string_view field(std::string_view line, std::string_view key) {
  const auto at = line.find(key);
  if (at == std::string_view::npos) return {};
  line.remove_prefix(at + key.size());
  return line.substr(0, line.find_first_of(",\"}"));
}

}  // namespace

EventFollower::EventFollower(const std::string& state_dir, Journal& journal)
    : path_(state_dir + "/events.jsonl"), journal_(journal) {}

void EventFollower::follow() {
  drain();
  struct stat now {};
  if (::stat(path_.c_str(), &now) != 0 || (file_ && now.st_ino == inode_)) return;
  drain();  // what was written before the file was moved or removed
  file_.reset(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file_ || ::fstat(file_.get(), &now) != 0) return;
  inode_ = now.st_ino;
  offset_ = 0;
  drain();
}

void EventFollower::drain() {
  if (!file_) return;
  std::string text;
  char buffer[1 << 16];
  for (ssize_t n = 0;
       (n = ::pread(file_.get(), buffer, sizeof buffer, offset_ + static_cast<off_t>(text.size()))) > 0;)
    text.append(buffer, static_cast<std::size_t>(n));
  // An unfinished line is read again later: a supervisor that was killed while writing leaves it, the next one
  // removes it.
  const auto whole = text.rfind('\n');
  if (whole == std::string::npos) return;
  offset_ += static_cast<off_t>(whole + 1);
  std::string_view rest(text.data(), whole + 1);
  for (std::size_t end = 0; (end = rest.find('\n')) != std::string_view::npos; rest.remove_prefix(end + 1))
    take(rest.substr(0, end));
}

void EventFollower::take(std::string_view line) {
  if (line.empty()) return;
  ++lines_;
  const std::string_view seq_text = field(line, "{\"seq\":");
  if (seq_text.empty() || line.back() != '}') {
    journal_.count("torn event lines");
    return;
  }
  const std::uint64_t seq = std::strtoull(std::string(seq_text).c_str(), nullptr, 10);
  if (seq != last_seq_ + 1 && !(seq == 1 && may_count_anew_)) {
    journal_.violation("event numbers",
                       "line " + std::string(line) + " follows number " + std::to_string(last_seq_));
  }
  if (seq == 1) {
    recent_.clear();
    may_count_anew_ = false;
  }
  last_seq_ = seq;
  const std::string node(field(line, "\"node_id\":\""));
  const std::uint64_t generation =
      std::strtoull(std::string(field(line, "\"generation\":")).c_str(), nullptr, 10);
  const std::string_view what = field(line, "\"what\":\"");
  if (what == "died") {
    ++deaths_[node];
    if (!recent_.insert({node, generation}).second)
      journal_.violation("death recorded twice", std::string(line));
  } else if (what == "started") {
    recent_.erase({node, generation});
  } else if (what == "stopped") {
    // The node is forgotten: a new one with this id counts its generations from 1.
    std::erase_if(recent_, [&](const auto& death) { return death.first == node; });
  }
}

}  // namespace sutra::chaos
