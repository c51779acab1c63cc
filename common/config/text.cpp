#include "common/config/text.h"

#include <algorithm>

#include "common/config/tree.h"
#include "common/utf8.h"

namespace sutra::config {
namespace {

// The TOML parser recurses once per dot of a dotted key, so a line bounds the stack it needs.
constexpr std::size_t kLineMax = 8192;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::string unquoted(std::string_view text) {
  std::string out;
  std::copy_if(text.begin(), text.end(), std::back_inserter(out),
               [](char c) { return c != '"' && c != '\'' && c != ' ' && c != '\t'; });
  return out;
}

std::uint32_t line_of(std::string_view text, std::size_t offset) {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(offset);
  return static_cast<std::uint32_t>(std::count(text.begin(), end, '\n')) + 1;
}

}  // namespace

std::vector<TextLine> text_lines(std::string_view text) {
  std::vector<TextLine> lines;
  std::string table;
  for (std::size_t begin = 0; begin <= text.size();) {
    TextLine line{begin, std::min(text.find('\n', begin), text.size()), false, {}};
    const std::string_view shown = trimmed(text.substr(begin, line.end - begin));
    if (shown.starts_with('[') && shown.find(']') != std::string_view::npos) {
      const std::size_t open = shown.starts_with("[[") ? 2 : 1;
      table = unquoted(shown.substr(open, shown.find(']') - open));
      line.is_table = true;
      line.name = table;
    } else if (const auto equals = shown.find('=');
               equals != std::string_view::npos && !shown.starts_with('#')) {
      const std::string key = unquoted(shown.substr(0, equals));
      if (!key.empty()) line.name = table.empty() ? key : table + "." + key;
    }
    begin = line.end + 1;
    lines.push_back(std::move(line));
  }
  return lines;
}

std::uint32_t earlier_line(const std::vector<TextLine>& lines, std::uint32_t line) {
  if (line == 0 || line > lines.size()) return 0;
  const TextLine& same = lines[line - 1];
  for (std::uint32_t i = 0; i + 1 < line && !same.name.empty(); ++i) {
    if (lines[i].name == same.name && lines[i].is_table == same.is_table) return i + 1;
  }
  return 0;
}

std::vector<ConfigFault> text_faults(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return {{0, {}, "the file is empty; start from the agent-config.toml that comes with the agent"}};
  }
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
    return {
        {line_of(text, nul), {}, "the file is binary: it contains a NUL byte; a configuration is TOML text"}};
  }
  if (const auto bad = first_malformed(text); bad != std::string_view::npos) {
    return {{line_of(text, bad), {}, "the file is not UTF-8 from this line on; save it as UTF-8"}};
  }
  std::vector<ConfigFault> faults;
  std::uint32_t number = 0;
  for (const TextLine& line : text_lines(text)) {
    ++number;
    if (line.end - line.begin > kLineMax) {
      faults.push_back({number, line.name.substr(0, 80),
                        "the line has " + std::to_string(line.end - line.begin) + " bytes; at most " +
                            std::to_string(kLineMax) + " are allowed"});
    }
  }
  return faults;
}

}  // namespace sutra::config
