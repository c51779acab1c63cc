#include "supervisor/ledger/event_line.h"

#include <charconv>
#include <concepts>
#include <ctime>

#include "common/utf8.h"

namespace sutra::supervisor::ledger {
namespace {

void add_escaped(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (c == '"' || c == '\\') {
    out += '\\';
    out += c;
  } else if (byte < 0x20 || byte == 0x7f) {
    out.append("\\u00");
    out += "0123456789abcdef"[byte >> 4U];
    out += "0123456789abcdef"[byte & 0xfU];
  } else {
    out += c;
  }
}

void add_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t bytes = utf8_front(text);
    if (bytes == 1) {
      add_escaped(out, text.front());
    } else if (bytes == 0) {
      out.append("\\ufffd");
    } else {
      out.append(text.substr(0, bytes));
    }
    text.remove_prefix(bytes == 0 ? 1 : bytes);
  }
  out += '"';
}

template <std::integral N>
void add(std::string& out, std::string_view key, N value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(key).append(digits, end);
}

void add_time(std::string& out, std::int64_t unix_secs) {
  const std::time_t at = unix_secs;
  std::tm parts{};
  char text[64];
  if (::gmtime_r(&at, &parts) == nullptr) return;
  out.append(",\"time\":\"")
      .append(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts))
      .append("\"");
}

void add_exit(std::string& out, const core::Exit& exit) {
  out.append(",\"exit\":{\"cause\":\"").append(cause_name(exit.cause)).append("\"");
  switch (exit.cause) {
    case core::ExitCause::kExit:
      add(out, ",\"code\":", exit.code);
      break;
    case core::ExitCause::kSignal:
    case core::ExitCause::kOom:
      add(out, ",\"signal\":", exit.signal);
      break;
    case core::ExitCause::kNone:
    case core::ExitCause::kUnknown:
      break;
  }
  out += '}';
}

/// Cut between characters.
std::string_view shortened(std::string_view cause) {
  if (cause.size() <= kCauseMaxBytes) return cause;
  std::size_t end = kCauseMaxBytes;
  while (end > 0 && (static_cast<unsigned char>(cause[end]) & 0xc0U) == 0x80) --end;
  return cause.substr(0, end == 0 ? kCauseMaxBytes : end);
}

/// Moves past `text`, or says that it is not there.
bool skip(std::string_view& line, std::string_view text) {
  if (!line.starts_with(text)) return false;
  line.remove_prefix(text.size());
  return true;
}

bool take_number(std::string_view& line, std::uint64_t& value) {
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
  if (error != std::errc{}) return false;
  line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  return true;
}

/// Up to the closing quote. What was escaped stays so: no name that is compared here needs escapes.
bool take_string(std::string_view& line, std::string_view& value) {
  const std::size_t end = line.find('"');
  if (end == std::string_view::npos) return false;
  value = line.substr(0, end);
  line.remove_prefix(end + 1);
  return true;
}

}  // namespace

std::string event_line(std::uint64_t seq, const Ledger::Event& event) {
  std::string out;
  out.reserve(256 + event.cause.size());
  add(out, "{\"seq\":", seq);
  add(out, ",\"at\":", event.at_unix);
  add_time(out, event.at_unix);
  out.append(",\"node_id\":");
  add_string(out, event.node_id);
  add(out, ",\"generation\":", event.generation);
  out.append(",\"what\":");
  add_string(out, event.what);
  out.append(",\"cause\":");
  add_string(out, shortened(event.cause));
  if (event.exit) add_exit(out, *event.exit);
  out.append("}\n");
  return out;
}

std::optional<EventKey> event_key(std::string_view line) {
  EventKey key;
  if (!line.ends_with('}') || !skip(line, "{\"seq\":") || !take_number(line, key.seq)) return std::nullopt;
  const std::size_t node = line.find(",\"node_id\":\"");
  if (node == std::string_view::npos) return std::nullopt;
  line.remove_prefix(node);
  const bool whole = skip(line, ",\"node_id\":\"") && take_string(line, key.node_id) &&
                     skip(line, ",\"generation\":") && take_number(line, key.generation) &&
                     skip(line, ",\"what\":\"") && take_string(line, key.what);
  if (!whole) return std::nullopt;
  return key;
}

}  // namespace sutra::supervisor::ledger
