#include "common/log/log_line.h"

#include "common/text.h"

namespace sutra::log {
namespace {

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
