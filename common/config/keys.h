// Every key that a configuration file may have: its place, its bounds, its default, where it lands in Config.
// This one table drives parsing, checking, suggestions, rendering and the tests. Both processes.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/config/config.h"

namespace sutra::config {

/// What a text must be besides a string. Returns what is wrong ("is empty"), or nothing.
using TextRule = std::optional<std::string> (*)(std::string_view text);

struct TextKey {
  std::string& (*at)(Config&);
  TextRule rule;
  std::string_view allowed;  ///< for messages: "an IP address without port"
};
struct PathKey {
  std::string& (*at)(Config&);
  std::size_t max_bytes;  ///< of the absolute path
};
struct IntegerKey {
  std::int64_t min, max;
  std::int64_t (*get)(const Config&);
  void (*set)(Config&, std::int64_t);
};
struct BooleanKey {
  bool& (*at)(Config&);
};
struct WordKey {
  std::span<const std::string_view> words;  ///< in the order of the enumerators
  std::size_t (*get)(const Config&);
  void (*set)(Config&, std::size_t);
};
struct PathListKey {
  std::vector<std::string>& (*at)(Config&);
};
struct MasterHostsKey {};    ///< agent.master_host: "host:port" or an array of them
struct ArgumentsKey {};      ///< storage.args: an array of templates
struct EnvironmentKey {};    ///< storage.env: a table of templates
struct MetricsListenKey {};  ///< metrics.listen: "host:port"
using KeyShape = std::variant<TextKey, PathKey, IntegerKey, BooleanKey, WordKey, PathListKey, MasterHostsKey,
                              ArgumentsKey, EnvironmentKey, MetricsListenKey>;

struct Key {
  std::string_view table, name;
  bool required;
  KeyShape shape;
  /// The default as TOML, as agent-config.toml shows it; empty: required, or decided by other values.
  std::string_view preset;
  bool for_comms = true;  ///< false: kept from comms
  /// Why an explicit value is refused in this version; empty: it is not. For BooleanKey only `true` is.
  std::string_view not_available = {};
  [[nodiscard]] std::string full_name() const;
};

[[nodiscard]] std::span<const Key> all_keys();
[[nodiscard]] const Key* find_key(std::string_view table, std::string_view name);
[[nodiscard]] std::vector<std::string_view> table_names();
[[nodiscard]] std::vector<std::string_view> key_names(std::string_view table);

/// For messages: "an integer from 1 to 65535".
[[nodiscard]] std::string allowed_values(const Key& key);

}  // namespace sutra::config
