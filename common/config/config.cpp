// Converts the text of a file into a Config and back. Reports one syntax fault, or all other faults. Both
// processes.
#include <algorithm>

#include "common/config/keys.h"
#include "common/nearest_word.h"
#include "common/text.h"
#include "common/utf8.h"

namespace sutra {
namespace config {
namespace {

// The TOML parser recurses for each open bracket and each dot of a dotted key. A limit on their number in the
// whole file limits its stack.
constexpr std::ptrdiff_t kDotsAndBracketsMax = 4096;

struct Line {
  std::string_view text;
  std::string name;  ///< "agent.agent_port" for a key, "agent" for a heading; empty for anything else
  bool heading;
};

std::string without_quotes(std::string_view text) {
  std::string out(text);
  std::erase_if(out, [](char c) { return c == '"' || c == '\'' || c == ' ' || c == '\t'; });
  return out;
}

/// Splits the text into lines, without a TOML parser, because the text may not be valid. A line within a
/// multi-line string may look like a key; that only affects messages.
std::vector<Line> lines_of(std::string_view text) {
  std::vector<Line> lines;
  std::string prefix;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty()) {
    Line line{text.substr(0, text.find('\n')), {}, false};
    text.remove_prefix(std::min(text.size(), line.text.size() + 1));
    if (line.text.ends_with('\r')) line.text.remove_suffix(1);
    std::string_view shown = line.text;
    shown.remove_prefix(std::min(shown.find_first_not_of(" \t"), shown.size()));
    line.heading = shown.starts_with('[');
    if (line.heading) {
      shown.remove_prefix(std::min(shown.find_first_not_of('['), shown.size()));
      line.name = without_quotes(shown.substr(0, shown.find(']')));
      prefix = line.name + ".";
    } else if (!shown.starts_with('#') && shown.find('=') != std::string_view::npos) {
      line.name = prefix + without_quotes(shown.substr(0, shown.find('=')));
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

/// A fault that keeps the text from the TOML parser; nullopt when there is none.
std::optional<ConfigFault> text_fault(std::string_view text) {
  const auto at = [&](std::size_t offset, std::string why) {
    const auto breaks = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(offset), '\n');
    return ConfigFault{static_cast<std::uint32_t>(breaks + 1), {}, std::move(why)};
  };
  const auto nests = [](char c) { return c == '.' || c == '[' || c == '{'; };
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return ConfigFault{
        0, {}, "the file is empty; start from the agent-config.toml that comes with the agent"};
  }
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
    return at(nul, "the file is binary: it contains a NUL byte; a configuration is TOML text");
  }
  if (const auto bad = first_malformed(text); bad != std::string_view::npos) {
    return at(bad, "the file is not UTF-8 from this line on; save it as UTF-8");
  }
  if (std::count_if(text.begin(), text.end(), nests) <= kDotsAndBracketsMax) return std::nullopt;
  return ConfigFault{0,
                     {},
                     "the file has more than " + std::to_string(kDotsAndBracketsMax) +
                         " dots and opening brackets; a configuration has a few hundred"};
}

ConfigFault syntax_fault(const toml::parse_error& error, const std::vector<Line>& lines) {
  const toml::source_position at = error.source().begin;
  const std::string_view description = error.description();
  const Line line = at.line >= 1 && at.line <= lines.size() ? lines[at.line - 1] : Line{{}, {}, false};
  const auto same = [&](const Line& l) { return l.name == line.name && l.heading == line.heading; };
  const auto earlier = std::find_if(lines.begin(), lines.end(), same) - lines.begin() + 1;
  const bool twice = description.find("cannot redefine") != std::string_view::npos;
  if (twice && !line.name.empty() && earlier < at.line) {
    return {at.line, printable(line.name),
            "is given twice, first on line " + std::to_string(earlier) +
                (line.heading ? "; move its keys together under one heading" : "; remove one of the two")};
  }
  std::string text = (line.name.empty() ? "the line is not valid TOML: " : "is not valid TOML: ") +
                     printable(description, 200);
  if (description.find("determine value type") != std::string_view::npos) {
    text += "; a string is written in quotes, a boolean as true or false";
  }
  return {at.line, printable(line.name), text + " (the rest of the file was not checked)", at.column};
}

/// Reads state_dir and runtime_dir from a file that is not valid TOML, line by line: they lead to the last
/// checked configuration.
void salvage_directories(const std::vector<Line>& lines, Reading& reading) {
  for (const Line& line : lines) {
    if ((line.name != "agent.state_dir" && line.name != "agent.runtime_dir") || text_fault(line.text))
      continue;
    const toml::parse_result parsed = toml::parse(line.text);
    if (!parsed) continue;
    const Key& key = *find_key(line.name);
    const toml::node* node = parsed.table().get(key.leaf());
    if (node == nullptr) node = parsed.table().at_path(key.name).node();
    if (node != nullptr) key.kind.read({key, *node, reading});
  }
}

/// Parses the text. Nullopt when it is not valid TOML; then its only fault is recorded.
std::optional<toml::table> table_of(std::string_view text, Reading& reading) {
  std::optional<ConfigFault> fault = text_fault(text);
  if (!fault) {
    toml::parse_result parsed = toml::parse(text);
    if (parsed) return std::move(parsed).table();
    fault = syntax_fault(parsed.error(), lines_of(text));
  }
  salvage_directories(lines_of(text), reading);
  reading.loaded.faults = {*fault};
  return std::nullopt;
}

std::string heading(std::string_view table) { return "[" + std::string(table) + "]"; }

std::uint32_t line_of(const toml::key& name) { return name.source().begin.line; }

std::string full_name(std::string_view table, const toml::key& name) {
  return (table.empty() ? "" : std::string(table) + ".") + printable(name.str());
}

/// A key that does not exist: in `table` or, when that is empty, above every heading.
void unknown_key(std::string_view table, const toml::key& name, Reading& reading) {
  const Key* nearest = nullptr;
  for (const Key& key : all_keys()) {
    if (key.leaf() == name.str()) {
      return reading.fault(line_of(name), full_name(table, name),
                           "unknown key; it belongs in " + heading(key.table()));
    }
    if (!table.empty() && key.table() != table) continue;
    const auto distance = [&](const Key& each) { return edit_distance(name.str(), each.leaf()); };
    if (nearest == nullptr || distance(key) < distance(*nearest)) nearest = &key;
  }
  reading.fault(line_of(name), full_name(table, name),
                "unknown key; the nearest known key is " + std::string(nearest->name) +
                    (table.empty() ? ", below the heading " + heading(nearest->table()) : ""));
}

void read_key(const Key& key, std::uint32_t line, const toml::node& node, Reading& reading) {
  const std::size_t before = reading.loaded.faults.size();
  key.kind.read({key, node, reading});
  const bool valid = reading.loaded.faults.size() == before;
  // `valid` stays true for a value that is only not available: check_together() then does not report it
  // again.
  if (valid && !key.not_available.empty() && node.value_exact<bool>() != false) {
    reading.fault(line, key.name, std::string(key.not_available));
  }
  reading.keys[key.name] = {line, valid};
}

void read_table(const toml::key& table, const toml::node& node, Reading& reading) {
  if (!node.is_table()) {
    return reading.fault(line_of(table), table.str(),
                         "found " + found_text(node) + "; allowed is a table: the heading " +
                             heading(table.str()) + ", once, with its keys below");
  }
  for (const auto& [leaf, value] : *node.as_table()) {
    const Key* key = find_key(full_name(table.str(), leaf));
    key != nullptr ? read_key(*key, line_of(leaf), value, reading) : unknown_key(table.str(), leaf, reading);
  }
}

void read_tables(const toml::table& root, Reading& reading) {
  std::vector<std::string_view> tables;
  for (const Key& key : all_keys()) tables.push_back(key.table());
  for (const auto& [name, node] : root) {
    if (std::find(tables.begin(), tables.end(), name.str()) != tables.end()) {
      read_table(name, node, reading);
    } else if (node.is_table()) {
      reading.fault(line_of(name), printable(name.str()),
                    "unknown table; the nearest known table is " + heading(nearest_word(name.str(), tables)));
    } else {
      unknown_key({}, name, reading);
    }
  }
}

void note_missing(Reading& reading) {
  for (const Key& key : all_keys()) {
    if (key.presence != Presence::kRequired || reading.given(key.name).line != 0) continue;
    reading.fault(0, key.name,
                  "is missing and has no default; add it below " + heading(key.table()) + ": allowed is " +
                      key.kind.allowed);
  }
}

}  // namespace
}  // namespace config

LoadedConfig parse_config(std::string_view text, const ConfigContext& context) {
  LoadedConfig loaded;
  config::Reading reading{context, loaded};
  const auto root = config::table_of(text, reading);
  if (root) {
    reading.listen_address_set = !!root->at_path("storage.listen_address");
    config::read_tables(*root, reading);
    config::note_missing(reading);
  }
  loaded.names_runtime_dir = !loaded.config.agent.runtime_dir.empty();
  config::fill_defaults(reading);
  if (root) config::check_together(reading);
  std::stable_sort(loaded.faults.begin(), loaded.faults.end(),
                   [](const ConfigFault& a, const ConfigFault& b) { return a.line < b.line; });
  return loaded;
}

std::string render_config(const Config& config, Audience audience) {
  std::string out;
  std::string_view table;
  for (const config::Key& key : config::all_keys()) {
    if (audience == Audience::kComms && key.presence == config::Presence::kPrivate) continue;
    const std::string value = key.kind.render(config);
    // Leave out a default that this version refuses when it is explicit (confine = true).
    const bool refused = !key.not_available.empty() && value == "true";
    if (value.empty() || refused) continue;
    if (key.table() != table) {
      table = key.table();
      out += (out.empty() ? "[" : "\n[") + std::string(table) + "]\n";
    }
    out += std::string(key.leaf()) + " = " + value + "\n";
  }
  return out;
}

std::string LoadedConfig::report(std::string_view path) const {
  std::string out;
  for (const ConfigFault& fault : faults) {
    out += printable(path, 4096);
    if (fault.line != 0) out += ":" + std::to_string(fault.line);
    if (fault.column != 0) out += ":" + std::to_string(fault.column);
    out += ": " + (fault.key.empty() ? "" : fault.key + ": ") + fault.text + "\n";
  }
  return out;
}

bool Config::master_is_loopback() const {
  return std::all_of(agent.master_hosts.begin(), agent.master_hosts.end(),
                     [](const HostPort& host) { return host.is_loopback(); });
}

}  // namespace sutra
