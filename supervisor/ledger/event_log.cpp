#include "supervisor/ledger/event_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include "common/errno_advice.h"
#include "supervisor/ledger/event_line.h"
#include "supervisor/ledger/replace_file.h"

namespace sutra::supervisor::ledger {
namespace {

constexpr int kOpenFlags = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
constexpr mode_t kMode = 0640;
// Longer than any line of ours: a cause has 4 KiB, and escaping makes six bytes of one at most.
constexpr std::size_t kLineMaxBytes = 1U << 16;

Error failed(const char* operation, const std::string& path) {
  const int errnum = errno;
  return Error{operation, path, errnum, {}, errno_advice(errnum, directory_of(path))};
}

}  // namespace

EventLog::EventLog(const std::string& state_dir, off_t max_bytes)
    : path_(state_dir + "/events.jsonl"), max_bytes_(max_bytes) {}

/// Looks again at each append: somebody may have moved or removed the file, and a line written to the old one
/// would be lost.
Status EventLog::open() {
  if (!recovered_) {
    if (Status read = recover(); !read) return read;
  }
  struct stat there {};
  const bool same = fd_ && ::stat(path_.c_str(), &there) == 0 && there.st_ino == file_.st_ino &&
                    there.st_dev == file_.st_dev;
  if (!same) return open_file();
  file_ = there;
  return {};
}

/// Reads the last number and the last deaths from both files. The older first: later lines count.
Status EventLog::recover() {
  last_seq_ = 0;
  ended_.clear();
  for (const std::string& path : {path_ + ".1", path_}) {
    if (Status read = scan(path); !read) return read;
  }
  recovered_ = true;
  return {};
}

Status EventLog::scan(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd) return errno == ENOENT ? Status() : Status(failed("read", path));
  std::string text;
  std::string buffer(1U << 16, '\0');
  for (;;) {
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("read", path);
    if (got == 0) return {};  // a part of a line may be left; open_file() removes it
    text.append(buffer, 0, static_cast<std::size_t>(got));
    std::size_t start = 0;
    for (std::size_t end = 0; (end = text.find('\n', start)) != std::string::npos; start = end + 1) {
      if (const auto key = event_key(std::string_view(text).substr(start, end - start))) {
        last_seq_ = key->seq;
        note(std::string(key->node_id), key->generation, key->what);
      }
    }
    text.erase(0, start);
    if (text.size() > kLineMaxBytes) text.clear();
  }
}

void EventLog::note(const std::string& node_id, std::uint64_t generation, std::string_view what) {
  if (what == kDied) {
    ended_[node_id] = generation;
  } else if (what == "started" && generation > 0) {
    ended_[node_id] = generation - 1;
  }
}

Status EventLog::open_file() {
  fd_.reset(::open(path_.c_str(), kOpenFlags, kMode));
  if (!fd_ && errno == ENOENT) {
    if (Status made = make_directory(directory_of(path_)); !made) return made;
    fd_.reset(::open(path_.c_str(), kOpenFlags, kMode));
  }
  if (!fd_) return failed("open", path_);
  if (::fstat(fd_.get(), &file_) != 0) return failed("open", path_);
  if (!S_ISREG(file_.st_mode)) {
    fd_.reset();
    return make_error("open", path_, "it is not a regular file", "move it away");
  }
  drop_torn_line();
  return {};
}

/// A crash during a write, or a power cut, may leave the first part of a line. It is removed before the next
/// line is written, or that line would be unreadable too.
void EventLog::drop_torn_line() {
  torn_ = false;
  if (file_.st_size == 0) return;
  std::string tail(kLineMaxBytes, '\0');
  const off_t from =
      file_.st_size > static_cast<off_t>(tail.size()) ? file_.st_size - static_cast<off_t>(tail.size()) : 0;
  const ssize_t got = ::pread(fd_.get(), tail.data(), tail.size(), from);
  if (got <= 0) return;
  tail.resize(static_cast<std::size_t>(got));
  const std::size_t newline = tail.rfind('\n');
  const std::size_t whole = newline == std::string::npos ? 0 : newline + 1;
  if (whole == tail.size()) return;
  const bool within = newline != std::string::npos || from == 0;
  if (within && ::ftruncate(fd_.get(), from + static_cast<off_t>(whole)) == 0) {
    file_.st_size = from + static_cast<off_t>(whole);
  } else {
    torn_ = true;
  }
}

Status EventLog::rotate() {
  const std::string old = path_ + ".1";
  if (::rename(path_.c_str(), old.c_str()) != 0) return failed("rotate", path_);
  return open_file();
}

Status EventLog::write_line(std::string line) {
  if (file_.st_size > 0 && file_.st_size + static_cast<off_t>(line.size()) > max_bytes_) {
    if (Status rotated = rotate(); !rotated) return rotated;
  }
  if (torn_) line.insert(0, 1, '\n');
  ssize_t written = 0;
  do {
    written = ::write(fd_.get(), line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  if (written == static_cast<ssize_t>(line.size())) {
    torn_ = false;
    return {};
  }
  if (written < 0) return failed("append to", path_);
  // A write this small is cut short only when the disk just became full.
  if (::ftruncate(fd_.get(), file_.st_size) != 0) torn_ = true;
  errno = ENOSPC;
  return failed("append to", path_);
}

Status EventLog::append(const Ledger::Event& event) {
  Status opened = open();
  const auto ended = ended_.find(event.node_id);
  if (event.what == kDied && ended != ended_.end() && event.generation <= ended->second) return {};
  // A start counts even when its line cannot be written, so that the death that follows it is recorded.
  if (event.what != kDied) note(event.node_id, event.generation, event.what);
  if (!opened) return opened;
  if (Status written = write_line(event_line(last_seq_ + 1, event)); !written) return written;
  ++last_seq_;
  note(event.node_id, event.generation, event.what);
  return {};
}

}  // namespace sutra::supervisor::ledger
