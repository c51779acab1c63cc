#include "supervisor/ledger/event_line.h"

#include <charconv>
#include <concepts>
#include <ctime>

#include "common/text.h"

namespace sutra::supervisor::ledger {
namespace {

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

/// Removes `text` from the front of `line`; false when `line` does not start with it.
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

/// Takes what is before the closing quote, without unescaping: a node_id and the events compared here contain
/// nothing that is escaped.
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
  out.append(",\"node_id\":").append(json_string(event.node_id.str()));
  add(out, ",\"generation\":", event.generation);
  out.append(",\"what\":").append(json_string(event.what));
  out.append(",\"cause\":").append(json_string(front_of(event.cause, kCauseMaxBytes)));
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
