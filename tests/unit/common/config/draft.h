// Builds a configuration file for a test, starting from the required keys; knows the line of each key. Tests only.
#pragma once
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/config.h"

namespace sutra::testing {

inline ConfigContext desk_context() {
  ConfigContext context;
  context.working_directory = "/home/op";
  context.hostname = "storage-7";
  return context;
}

class ConfigDraft {
 public:
  ConfigDraft() {
    set("agent", "agent_id", R"("agent-001")");
    set("agent", "platform", R"("desktop")");
    set("agent", "master_host", R"("127.0.0.1:7000")");
    set("agent", "max_storage_nodes", "10");
    set("storage", "binary_path", R"("/usr/bin/server")");
    set("storage", "data_path", R"("data")");
  }

  /// `toml`: the text after the equals sign.
  ConfigDraft& set(std::string_view table, std::string_view key, std::string_view toml) {
    erase(table, key);
    keys_.push_back({std::string(table), std::string(key), std::string(toml)});
    return *this;
  }

  ConfigDraft& erase(std::string_view table, std::string_view key) {
    std::erase_if(keys_, [&](const Line& line) { return line.table == table && line.key == key; });
    return *this;
  }

  [[nodiscard]] std::string text() const { return write(nullptr, {}, {}); }

  /// 1-based; 0 when the draft does not have the key.
  [[nodiscard]] std::uint32_t line_of(std::string_view table, std::string_view key) const {
    std::uint32_t line = 0;
    (void)write(&line, table, key);
    return line;
  }

  [[nodiscard]] LoadedConfig load(const ConfigContext& context = desk_context()) const {
    return parse_config(text(), context);
  }

 private:
  struct Line {
    std::string table, key, toml;
  };

  std::string write(std::uint32_t* found, std::string_view table, std::string_view key) const {
    std::string out;
    std::vector<std::string> tables;
    for (const Line& line : keys_) {
      if (std::find(tables.begin(), tables.end(), line.table) == tables.end()) tables.push_back(line.table);
    }
    for (const std::string& each : tables) {
      out += "[" + each + "]\n";
      for (const Line& line : keys_) {
        if (line.table != each) continue;
        out += line.key + " = " + line.toml + "\n";
        if (found != nullptr && line.table == table && line.key == key) {
          *found = static_cast<std::uint32_t>(std::count(out.begin(), out.end(), '\n'));
        }
      }
    }
    return out;
  }

  std::vector<Line> keys_;
};

/// The faults of one key, for readable expectations.
inline std::vector<ConfigFault> faults_of(const LoadedConfig& loaded, std::string_view key) {
  std::vector<ConfigFault> out;
  std::copy_if(loaded.faults.begin(), loaded.faults.end(), std::back_inserter(out),
               [&](const ConfigFault& fault) { return fault.key == key; });
  return out;
}

}  // namespace sutra::testing
