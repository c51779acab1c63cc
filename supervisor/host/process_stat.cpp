#include "supervisor/host/process_stat.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "common/unique_fd.h"

namespace sutra::supervisor {
namespace {

// Field numbers of proc(5), which counts from 1. Field 2 is the name.
constexpr std::size_t kState = 3, kParent = 4, kSession = 6, kStartTime = 22;

constexpr std::size_t kTextMax = 1024;  // enough: the start time ends within the first 600 bytes

/// False unless the whole of `text` is one number that fits.
template <typename T>
bool number(std::string_view text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

std::string_view next_field(std::string_view& text) {
  constexpr std::string_view kBlanks = " \n";
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  const auto field = text.substr(0, text.find_first_of(kBlanks));
  text.remove_prefix(field.size());
  return field;
}

}  // namespace

std::optional<ProcessStat> parse_process_stat(std::string_view text) {
  // The name is in parentheses and may itself contain ')' and blanks. Later fields cannot, so search for the
  // last ')'.
  const auto name_begin = text.find(" ("), name_end = text.rfind(')');
  if (name_begin == std::string_view::npos || name_end == std::string_view::npos) return std::nullopt;
  ProcessStat stat;
  if (!number(text.substr(0, name_begin), stat.pid) || stat.pid <= 0) return std::nullopt;
  auto rest = text.substr(name_end + 1);
  std::array<std::string_view, kStartTime + 1> fields;
  for (std::size_t i = kState; i <= kStartTime; ++i) fields[i] = next_field(rest);
  if (fields[kState].size() != 1 || !number(fields[kParent], stat.parent) ||
      !number(fields[kSession], stat.session) || !number(fields[kStartTime], stat.start_ticks))
    return std::nullopt;
  stat.state = fields[kState].front();
  return stat;
}

std::optional<ProcessStat> read_process_stat(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  char text[kTextMax];
  const ssize_t got = ::read(file.get(), text, sizeof text);
  if (got < 0) return std::nullopt;
  errno = 0;
  return parse_process_stat({text, static_cast<std::size_t>(got)});
}

std::optional<ProcessStat> read_process_stat(pid_t pid) {
  return read_process_stat("/proc/" + std::to_string(pid) + "/stat");
}

std::uint64_t ns_of_ticks(std::uint64_t ticks, std::uint64_t ticks_per_sec) {
  constexpr std::uint64_t kNsPerSec = 1'000'000'000;
  // Whole seconds and the rest separately: ticks * 10^9 could overflow.
  return ticks / ticks_per_sec * kNsPerSec + ticks % ticks_per_sec * (kNsPerSec / ticks_per_sec);
}

}  // namespace sutra::supervisor
