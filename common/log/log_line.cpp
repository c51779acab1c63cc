#include "common/log/log_line.h"

#include "common/utf8.h"

namespace sutra::log {
namespace {

std::string hex(std::string_view prefix, unsigned value, unsigned digits) {
  std::string out(prefix);
  while (digits-- > 0) out += "0123456789abcdef"[value >> (4 * digits) & 0xfU];
  return out;
}

/// The code point of a control character, all of which fit in three bytes.
unsigned code_point(std::string_view character) {
  const auto byte = [&](std::size_t i) {
    return static_cast<unsigned>(static_cast<unsigned char>(character[i]));
  };
  if (character.size() == 1) return byte(0);
  if (character.size() == 2) return (byte(0) & 0x1fU) << 6U | (byte(1) & 0x3fU);
  return (byte(0) & 0x0fU) << 12U | (byte(1) & 0x3fU) << 6U | (byte(2) & 0x3fU);
}

std::string control_in_text(unsigned code) {
  if (code == '\n') return "\\n";
  if (code == '\r') return "\\r";
  if (code == '\t') return "\\t";
  return code < 0x80 ? hex("\\x", code, 2) : hex("\\u", code, 4);
}

std::string control_in_json(unsigned code) {
  if (code == '\n') return "\\n";
  if (code == '\r') return "\\r";
  if (code == '\t') return "\\t";
  return hex("\\u", code, 4);
}

/// Walks `text`, replacing what may not stand as it is.
template <typename Control, typename Malformed>
std::string escaped(std::string_view text, Control control, Malformed malformed) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_front(text);
    const std::string_view front = text.substr(0, length == 0 ? 1 : length);
    if (length == 0) {
      out += malformed(static_cast<unsigned char>(front[0]));
    } else if (is_control(text, length)) {
      out += control(code_point(front));
    } else {
      out += front;
    }
    text.remove_prefix(front.size());
  }
  return out;
}

struct JsonValue {
  std::string operator()(const std::string& text) const { return json_string(text); }
  std::string operator()(std::int64_t number) const { return std::to_string(number); }
  std::string operator()(std::uint64_t number) const { return std::to_string(number); }
  std::string operator()(bool truth) const { return truth ? "true" : "false"; }
};

}  // namespace

std::string_view level_word(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
      return "trace";
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warn";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

std::string one_line(std::string_view text) {
  return escaped(text, control_in_text, [](unsigned char byte) { return hex("\\x", byte, 2); });
}

std::string json_string(std::string_view text) {
  std::string ready;
  for (const char c : text) {
    if (c == '"' || c == '\\') ready += '\\';
    ready += c;
  }
  return '"' + escaped(ready, control_in_json, [](unsigned char byte) { return hex("\\\\x", byte, 2); }) +
         '"';
}

std::string text_line(std::string_view symbol, std::string_view message) {
  std::string line = one_line(symbol);
  if (!line.empty()) line += ' ';
  return line + one_line(message);
}

std::string json_members(std::string_view role, LogLevel level, std::string_view message,
                         std::span<const Field> fields) {
  std::string out = "\"level\":\"" + std::string(level_word(level)) + "\",\"role\":" + json_string(role) +
                    ",\"msg\":" + json_string(message);
  for (const Field& field : fields) {
    out += "," + json_string(field.name) + ":" + std::visit(JsonValue{}, field.value);
  }
  return out;
}

}  // namespace sutra::log
