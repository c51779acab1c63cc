#include "supervisor/nodes/log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>

#include "common/errno_advice.h"
#include "common/text.h"

namespace sutra::supervisor {
namespace {

constexpr std::size_t kMaxLine = 200;
constexpr mode_t kLogMode = 0640;
// O_NONBLOCK: if the name is a FIFO, open fails (ENXIO) and does not block the supervisor. O_NOCTTY: a
// terminal must not become ours.
constexpr int kSafely = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

std::string log_path(const std::string& log_dir, const std::string& node_id) {
  return log_dir + "/" + node_id + ".log";
}

UniqueFd open_or_make(const std::string& path) {
  for (;;) {
    UniqueFd log(::open(path.c_str(), O_WRONLY | O_APPEND | kSafely));
    if (log || errno != ENOENT) return log;
    log.reset(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_EXCL | kSafely, kLogMode));
    if (log) (void)::fchmod(log.get(), kLogMode);  // open applied our umask
    if (log || errno != EEXIST) return log;
  }
}

std::string advice_for(int error, const std::string& path, const std::string& log_dir) {
  const std::string irregular = "it must be a regular file: remove " + path;
  return errno_advice(
      error, log_dir,
      {{ELOOP, irregular},
       {ENXIO, irregular},
       {EISDIR, irregular},
       {ENOENT, "make " + log_dir},
       {EROFS, "set storage.log_dir to a writable directory, or allow it: ReadWritePaths=" + log_dir}});
}

std::string read_range(const UniqueFd& log, off_t from, off_t to) {
  std::string text(static_cast<std::size_t>(to - from), '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const ssize_t got =
        ::pread(log.get(), text.data() + have, text.size() - have, from + static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    have += static_cast<std::size_t>(got);
  }
  text.resize(have);
  return text;
}

std::string printable_lines(const std::string& text, unsigned max_lines) {
  std::deque<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    std::replace(line.begin(), line.end(), '\t', ' ');
    if (!line.empty()) lines.push_back(printable(line, kMaxLine));
    if (lines.size() > max_lines) lines.pop_front();
    at = end + 1;
  }
  std::string out;
  for (const std::string& line : lines) out += (out.empty() ? "" : "\n") + line;
  return out;
}

}  // namespace

Result<UniqueFd> open_node_log(const std::string& log_dir, const std::string& node_id) {
  const std::string path = log_path(log_dir, node_id);
  UniqueFd log = open_or_make(path);
  if (!log) {
    const int error = errno;
    return Error{"open log", path, error, {}, advice_for(error, path, log_dir)};
  }
  struct stat found {};
  if (::fstat(log.get(), &found) != 0) return errno_error("stat log", path);
  if (!S_ISREG(found.st_mode)) return make_error("open log", path, "it is not a regular file", "remove it");
  if (found.st_nlink != 1) {
    return make_error("open log", path, "it has " + std::to_string(found.st_nlink) + " names (hard links)",
                      "remove it: what a node prints must not end up in another file");
  }
  // Removes O_NONBLOCK, which the server would inherit. O_APPEND stays: logrotate truncates the file while we
  // write.
  if (::fcntl(log.get(), F_SETFL, O_APPEND) != 0) return errno_error("set up log", path);
  return log;
}

std::string last_lines(const std::string& log_dir, const std::string& node_id, off_t from, unsigned max_lines,
                       unsigned max_bytes) {
  const UniqueFd log(::open(log_path(log_dir, node_id).c_str(), O_RDONLY | kSafely));
  struct stat found {};
  if (!log || ::fstat(log.get(), &found) != 0 || !S_ISREG(found.st_mode)) return {};
  if (from > found.st_size) from = 0;
  const off_t start = std::max(from, found.st_size - static_cast<off_t>(max_bytes));
  std::string text = read_range(log, start, found.st_size);
  if (start > from) {  // we start in the middle of a line: drop its rest
    const std::size_t newline = text.find('\n');
    if (newline != std::string::npos && newline + 1 < text.size()) text.erase(0, newline + 1);
  }
  return printable_lines(text, max_lines);
}

off_t log_size(const std::string& log_dir, const std::string& node_id) {
  struct stat found {};
  if (::lstat(log_path(log_dir, node_id).c_str(), &found) != 0 || !S_ISREG(found.st_mode)) return 0;
  return found.st_size;
}

}  // namespace sutra::supervisor
