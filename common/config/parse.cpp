#include <algorithm>

#include "common/config/keys.h"
#include "common/config/reading.h"
#include "common/config/tree.h"
#include "common/nearest_word.h"
#include "common/node_id.h"

namespace sutra {
namespace config {
namespace {

std::string heading(std::string_view table) { return "[" + std::string(table) + "]"; }

const Key* key_named(std::string_view name) {
  const auto keys = all_keys();
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const Key& key) { return key.name == name; });
  return found == keys.end() ? nullptr : &*found;
}

void unknown_key(std::string_view table, const Entry& entry, Reading& reading) {
  std::string text = "unknown key; ";
  const Key* elsewhere = key_named(entry.key);
  if (elsewhere != nullptr) {
    text += "it belongs in " + heading(elsewhere->table);
  } else {
    text += "the nearest known key is " + std::string(table) + "." +
            std::string(nearest_word(entry.key, key_names(table)));
  }
  reading.fault(entry.line, std::string(table) + "." + printable(entry.key), std::move(text));
}

/// An entry at the top that is none of the known tables.
void unknown_table(const Entry& entry, Reading& reading) {
  std::string text;
  if (std::holds_alternative<Entries>(entry.value.is)) {
    text = "unknown table; the nearest known table is " + heading(nearest_word(entry.key, table_names()));
  } else {
    std::vector<std::string_view> names;
    for (const Key& key : all_keys()) names.push_back(key.name);
    const Key* nearest = key_named(nearest_word(entry.key, names));
    text = "unknown key outside any table; the nearest known key is " + nearest->full_name() +
           ", which stands below the heading " + heading(nearest->table);
  }
  reading.fault(entry.line, printable(entry.key), std::move(text));
}

void read_table(std::string_view table, const Entry& entry, Reading& reading) {
  const auto* entries = std::get_if<Entries>(&entry.value.is);
  if (entries == nullptr) {
    return reading.fault(entry.line, std::string(table),
                         "found " + entry.value.found() + "; allowed is a table: the heading " +
                             heading(table) + ", once, with its keys below");
  }
  for (const Entry& inner : *entries) {
    if (const Key* key = find_key(table, inner.key)) {
      read_value(*key, inner, reading);
    } else {
      unknown_key(table, inner, reading);
    }
  }
}

void read_tables(const Entries& root, Reading& reading) {
  const auto tables = table_names();
  for (const Entry& entry : root) {
    if (std::find(tables.begin(), tables.end(), entry.key) != tables.end()) {
      read_table(entry.key, entry, reading);
    } else {
      unknown_table(entry, reading);
    }
  }
}

void note_missing(const Tree& tree, Reading& reading) {
  for (const Key& key : all_keys()) {
    if (!key.required || reading.given.contains(&key)) continue;
    const auto& passed = tree.passed_over;
    if (std::find(passed.begin(), passed.end(), key.full_name()) != passed.end()) continue;
    reading.fault(0, key.full_name(),
                  "is missing and has no default; add it below " + heading(key.table) + ": allowed is " +
                      allowed_values(key));
  }
}

bool has_key(const Entries& root, std::string_view table, std::string_view name) {
  for (const Entry& entry : root) {
    const auto* inner = std::get_if<Entries>(&entry.value.is);
    if (entry.key != table || inner == nullptr) continue;
    return std::any_of(inner->begin(), inner->end(), [&](const Entry& e) { return e.key == name; });
  }
  return false;
}

void read_all(const Tree& tree, Reading& reading) {
  reading.listen_address_set = has_key(tree.root, "storage", "listen_address");
  read_tables(tree.root, reading);
  if (tree.complete) note_missing(tree, reading);
  fill_defaults(reading);
  if (tree.complete) check_together(reading);
}

}  // namespace
}  // namespace config

LoadedConfig parse_config(std::string_view text, const ConfigContext& context) {
  LoadedConfig loaded;
  config::Reading reading{context, loaded};
  loaded.faults = config::text_faults(text);
  if (loaded.faults.empty()) {
    config::Tree tree = config::read_tree(text);
    loaded.faults = std::move(tree.faults);
    config::read_all(tree, reading);
  } else {
    config::fill_defaults(reading);
  }
  std::stable_sort(loaded.faults.begin(), loaded.faults.end(),
                   [](const ConfigFault& a, const ConfigFault& b) { return a.line < b.line; });
  return loaded;
}

std::string LoadedConfig::report(std::string_view path) const {
  std::string out;
  for (const ConfigFault& fault : faults) {
    out += printable(path, 4096);
    if (fault.line != 0) out += ":" + std::to_string(fault.line);
    out += ": " + (fault.key.empty() ? "" : fault.key + ": ") + fault.text + "\n";
  }
  return out;
}

bool Config::master_is_loopback() const {
  return std::all_of(agent.master_hosts.begin(), agent.master_hosts.end(),
                     [](const HostPort& host) { return host.is_loopback(); });
}

}  // namespace sutra
