// A configuration file half way to a Config: what was read so far, and from where. Both processes.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "common/config/config.h"
#include "common/config/keys.h"
#include "common/config/tree.h"

namespace sutra::config {

struct Given {
  std::uint32_t line = 0;
  bool valid = false;  ///< false: Config still has the default, a fault was noted
};

struct Reading {
  const ConfigContext& context;
  LoadedConfig& loaded;
  bool listen_address_set = false;  ///< storage.listen_address is in the file: {listen_address} may be used
  std::map<const Key*, Given> given = {};

  void fault(std::uint32_t line, std::string key, std::string text) {
    loaded.faults.push_back({line, std::move(key), std::move(text)});
  }
  /// Nothing when the file does not have the key.
  [[nodiscard]] std::optional<Given> find(std::string_view table, std::string_view name) const {
    const auto found = given.find(find_key(table, name));
    return found == given.end() ? std::nullopt : std::optional(found->second);
  }
  /// The file does not say otherwise, or it says so well: the value in Config may be judged.
  [[nodiscard]] bool sound(std::string_view table, std::string_view name) const {
    const auto found = find(table, name);
    return found ? found->valid : !find_key(table, name)->required;
  }
  [[nodiscard]] std::uint32_t line_of(std::string_view table, std::string_view name) const {
    const auto found = find(table, name);
    return found ? found->line : 0;
  }
};

/// Checks `value` as what `key` takes, puts it into the Config, or notes why not.
void read_value(const Key& key, const Entry& entry, Reading& reading);

/// Fills in the defaults that depend on other values or on where we run.
void fill_defaults(Reading& reading);

/// What no single key can tell: values that do not go together.
void check_together(Reading& reading);

}  // namespace sutra::config
