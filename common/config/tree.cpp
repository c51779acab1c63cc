#include "common/config/tree.h"

#include <toml++/toml.h>

#include <algorithm>
#include <optional>

#include "common/config/text.h"
#include "common/node_id.h"

namespace sutra::config {
namespace {

constexpr int kFaultyLinesMax = 16;

Value value_of(const toml::node& node);

std::string other_text(const toml::node& node) {
  if (const auto number = node.value_exact<double>()) return "float " + std::to_string(*number);
  return "a date or time";
}

decltype(Value::is) content_of(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return number->get();
  if (const auto* truth = node.as_boolean()) return truth->get();
  if (const auto* array = node.as_array()) {
    std::vector<Value> values;
    for (const toml::node& element : *array) values.push_back(value_of(element));
    return values;
  }
  if (const auto* table = node.as_table()) {
    Entries entries;
    for (const auto& [key, value] : *table) {
      entries.push_back({std::string(key.str()), key.source().begin.line, value_of(value)});
    }
    return entries;
  }
  return OtherValue{other_text(node)};
}

Value value_of(const toml::node& node) { return {node.source().begin.line, content_of(node)}; }

std::string hint(std::string_view description) {
  if (description.find("determine value type") != std::string_view::npos) {
    return "; a string is written in quotes, a truth as true or false";
  }
  return {};
}

ConfigFault syntax_fault(const toml::parse_error& error, const std::vector<TextLine>& lines,
                         std::uint32_t at) {
  const bool known = at >= 1 && at <= lines.size();
  ConfigFault fault{at, known ? printable(lines[at - 1].name) : std::string(), {}};
  const std::string description(error.description());
  const std::uint32_t earlier = earlier_line(lines, at);
  if (earlier != 0 && description.find("cannot redefine") != std::string::npos) {
    const bool table = lines[at - 1].is_table;
    fault.text = "is given twice, first on line " + std::to_string(earlier) +
                 (table ? "; move its keys together under one heading" : "; remove one of the two");
  } else {
    fault.text = "is not valid TOML: " + printable(description, 200) + hint(description);
    if (fault.key.empty()) fault.text = "the line " + fault.text;
  }
  return fault;
}

/// Only these two are worth finding in a broken file: they lead to the last checked configuration.
Entries salvaged(std::string_view text, const std::vector<TextLine>& lines) {
  Entries found;
  for (const TextLine& line : lines) {
    if (line.name != "agent.state_dir" && line.name != "agent.runtime_dir") continue;
    const toml::parse_result parsed = toml::parse(text.substr(line.begin, line.end - line.begin));
    if (!parsed) continue;
    const toml::table* table = &parsed.table();
    if (const auto* nested = table->get_as<toml::table>("agent")) table = nested;
    for (const auto& [key, value] : *table) found.push_back({std::string(key.str()), 0, value_of(value)});
  }
  if (found.empty()) return {};
  return {{"agent", 0, Value{0, std::move(found)}}};
}

/// Blanks line `at`, so that the lines after it keep their numbers. False when that could change what they
/// mean: a heading, a part of a longer value, a line that is blank already.
bool pass_over(std::string& text, const std::vector<TextLine>& lines, std::uint32_t at) {
  if (at < 1 || at > lines.size()) return false;
  const TextLine& line = lines[at - 1];
  if (line.is_table || line.name.empty() || text[line.begin] == '#') return false;
  std::fill(text.begin() + static_cast<std::ptrdiff_t>(line.begin),
            text.begin() + static_cast<std::ptrdiff_t>(line.end), ' ');
  if (line.end > line.begin) text[line.begin] = '#';
  return true;
}

Tree given_up(std::string_view text, const std::vector<TextLine>& lines, ConfigFault first) {
  first.text += " (the rest of the file was not checked)";
  Tree tree;
  tree.root = salvaged(text, lines);
  tree.faults.push_back(std::move(first));
  tree.complete = false;
  return tree;
}

}  // namespace

std::string Value::found() const {
  if (const auto* text = std::get_if<std::string>(&is)) return "string \"" + printable(*text) + "\"";
  if (const auto* number = std::get_if<std::int64_t>(&is)) return "integer " + std::to_string(*number);
  if (const auto* truth = std::get_if<bool>(&is)) return *truth ? "true" : "false";
  if (std::holds_alternative<std::vector<Value>>(is)) return "an array";
  if (std::holds_alternative<Entries>(is)) return "a table";
  return std::get<OtherValue>(is).text;
}

Tree read_tree(std::string_view text) {
  const std::vector<TextLine> lines = text_lines(text);
  std::string readable(text);
  Tree tree;
  for (int round = 0; round < kFaultyLinesMax; ++round) {
    const toml::parse_result parsed = toml::parse(readable);
    if (parsed) {
      tree.root = std::get<Entries>(content_of(parsed.table()));
      return tree;
    }
    const std::uint32_t at = parsed.error().source().begin.line;
    tree.faults.push_back(syntax_fault(parsed.error(), lines, at));
    if (!pass_over(readable, lines, at)) break;
    tree.passed_over.push_back(lines[at - 1].name);
  }
  return given_up(text, lines, tree.faults.front());
}

}  // namespace sutra::config
