#include "common/text.h"

namespace sutra {
namespace {

std::string hex(std::string_view prefix, unsigned value, unsigned digits) {
  std::string out(prefix);
  while (digits-- > 0) out += "0123456789abcdef"[value >> (4 * digits) & 0xfU];
  return out;
}

unsigned byte_at(std::string_view text, std::size_t i) { return static_cast<unsigned char>(text[i]); }

/// The code point of a control character, all of which fit in three bytes.
unsigned code_point(std::string_view character) {
  if (character.size() == 1) return byte_at(character, 0);
  if (character.size() == 2) {
    return (byte_at(character, 0) & 0x1fU) << 6U | (byte_at(character, 1) & 0x3fU);
  }
  return (byte_at(character, 0) & 0x0fU) << 12U | (byte_at(character, 1) & 0x3fU) << 6U |
         (byte_at(character, 2) & 0x3fU);
}

std::string control_as_letter(unsigned code) {
  if (code == '\n') return "\\n";
  if (code == '\r') return "\\r";
  if (code == '\t') return "\\t";
  return {};
}

std::string bytes_as_hex(std::string_view character) {
  std::string out;
  for (std::size_t i = 0; i < character.size(); ++i) out += hex("\\x", byte_at(character, i), 2);
  return out;
}

/// Replaces each character of `text`: control characters by control(character), bytes that are not UTF-8 by
/// malformed(byte), all others by ordinary(character).
template <typename Ordinary, typename Control, typename Malformed>
std::string rewritten(std::string_view text, Ordinary ordinary, Control control, Malformed malformed) {
  std::string out;
  out.reserve(text.size() + 2);
  while (!text.empty()) {
    const std::size_t length = utf8_front(text);
    const std::string_view front = text.substr(0, length == 0 ? 1 : length);
    if (length == 0) {
      out += malformed(front);
    } else if (is_control(front, length)) {
      out += control(front);
    } else {
      out += ordinary(front);
    }
    text.remove_prefix(front.size());
  }
  return out;
}

std::string_view as_it_is(std::string_view character) { return character; }

std::string_view in_quotes(std::string_view character) {
  if (character == "\"") return "\\\"";
  if (character == "\\") return "\\\\";
  return character;
}

}  // namespace

std::string_view front_of(std::string_view text, std::size_t limit) {
  std::size_t end = 0;
  while (end < text.size()) {
    const std::size_t length = utf8_front(text.substr(end));
    const std::size_t next = end + (length == 0 ? 1 : length);
    if (next > limit) break;
    end = next;
  }
  return text.substr(0, end);
}

std::string printable(std::string_view text, std::size_t limit_bytes) {
  const std::string_view shown = front_of(text, limit_bytes);
  std::string out = rewritten(shown, as_it_is, bytes_as_hex, bytes_as_hex);
  if (shown.size() < text.size()) out += "...";
  return out;
}

std::string one_line(std::string_view text) {
  const auto control = [](std::string_view character) {
    const unsigned code = code_point(character);
    if (std::string letter = control_as_letter(code); !letter.empty()) return letter;
    return code < 0x80 ? hex("\\x", code, 2) : hex("\\u", code, 4);
  };
  return rewritten(text, as_it_is, control, bytes_as_hex);
}

std::string json_string(std::string_view text) {
  const auto control = [](std::string_view character) {
    const unsigned code = code_point(character);
    if (std::string letter = control_as_letter(code); !letter.empty()) return letter;
    return hex("\\u", code, 4);
  };
  const auto malformed = [](std::string_view byte) { return hex("\\\\x", byte_at(byte, 0), 2); };
  return '"' + rewritten(text, in_quotes, control, malformed) + '"';
}

std::string toml_string(std::string_view text) {
  const auto control = [](std::string_view character) { return hex("\\u", code_point(character), 4); };
  const auto malformed = [](std::string_view) { return std::string_view("\uFFFD"); };
  return '"' + rewritten(text, in_quotes, control, malformed) + '"';
}

}  // namespace sutra
