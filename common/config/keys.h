// The table of all keys of a configuration file, and the state of a file that is being read. Parsing,
// suggestions for misspelled keys, rendering and the tests all use this table. Private to common/config. Both
// processes.
#pragma once
#include <toml++/toml.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/config.h"

namespace sutra::config {

struct Value;

/// The type and range of a key's value, and the member of Config that it sets.
struct Kind {
  std::string allowed;  ///< for messages: "an integer from 1 to 65535"
  /// Stores the value in the Config; or records a fault and leaves the Config unchanged.
  std::function<void(const Value&)> read;
  /// The value as TOML. Empty: leave the key out, its default means the same.
  std::function<std::string(const Config&)> render;
};

enum class Presence {
  kRequired,
  kOptional,  ///< its default is the initializer in Config, or comes from fill_defaults
  kPrivate,   ///< optional, and not passed to comms
};

struct Key {
  std::string_view name;  ///< "agent.agent_port"
  Presence presence;
  Kind kind;
  /// Not empty: this version refuses an explicit value of this key, for this reason (for a boolean: only
  /// `true`).
  std::string_view not_available = {};
  [[nodiscard]] std::string_view table() const { return name.substr(0, name.find('.')); }
  [[nodiscard]] std::string_view leaf() const { return name.substr(name.find('.') + 1); }
};

/// In the order of rendering; the keys of one table are consecutive.
[[nodiscard]] const std::vector<Key>& all_keys();
/// The key with this full name ("agent.agent_port"), or nullptr.
[[nodiscard]] const Key* find_key(std::string_view name);

/// Where the file sets a key.
struct Given {
  std::uint32_t line = 0;  ///< 0: the file does not have the key
  bool valid = true;       ///< false: the value has a fault, and Config has the default
};

/// A file that is being read.
struct Reading {
  const ConfigContext& context;
  LoadedConfig& loaded;
  bool listen_address_set = false;  ///< storage.listen_address is in the file: {listen_address} may be used
  std::map<std::string_view, Given> keys = {};  ///< the keys of the file, by Key::name

  void fault(std::uint32_t line, std::string_view key, std::string text) {
    loaded.faults.push_back({line, std::string(key), std::move(text)});
  }
  [[nodiscard]] Given given(std::string_view key) const {
    const auto found = keys.find(key);
    return found == keys.end() ? Given{} : found->second;
  }
};

/// A rule for the contents of a string.
struct TextRule {
  std::string allowed;  ///< for messages: "an IP address without port"
  /// True when the text is allowed. May change it: a path becomes absolute.
  std::function<bool(std::string& text, const ConfigContext& context)> fits;
  /// Why a text is refused that looks allowed, and what to write instead; empty when it is not refused.
  std::function<std::string(const std::string& text, const ConfigContext& context)> refusal = {};
};

/// A key's value in the file. A member function that returns nullopt or nullptr has recorded a fault.
struct Value {
  const Key& key;
  const toml::node& node;
  Reading& reading;

  [[nodiscard]] Config& config() const { return reading.loaded.config; }
  void fault(const toml::node& found, std::string text) const;
  /// Records "found integer 5; allowed is ..." for the value or one of its elements.
  std::nullopt_t unfit(const toml::node& found) const;
  [[nodiscard]] std::optional<std::string> text(const toml::node& found, const TextRule& rule) const;
  /// As text(), with this host's name in place of each {hostname}.
  [[nodiscard]] std::optional<std::string> text_with_hostname(const toml::node& found,
                                                              const TextRule& rule) const;
  /// Messages call the template `subject` and never show its text, which may be secret.
  [[nodiscard]] std::optional<std::string> text_template(const toml::node& found,
                                                         const std::string& subject) const;
  [[nodiscard]] std::optional<HostPort> host_port(const toml::node& found) const;
  [[nodiscard]] const toml::array* array(std::size_t max_elements) const;
};

inline constexpr std::size_t kRuntimeDirMax = 94;  ///< bytes; "/control.sock" must fit in a socket address

/// "integer 5", "string \"abc\"", "an array": safe to print.
[[nodiscard]] std::string found_text(const toml::node& node);

/// "has 201 entries; at most 200 are allowed"; nullopt when `size` is within the limit.
[[nodiscard]] std::optional<std::string> too_many(std::size_t size, std::size_t limit, std::string_view unit);
[[nodiscard]] bool is_environment_name(std::string_view name);
[[nodiscard]] TextRule label();
[[nodiscard]] TextRule address();
[[nodiscard]] TextRule host();
[[nodiscard]] TextRule user();
[[nodiscard]] TextRule at_most(std::size_t bytes);
[[nodiscard]] TextRule path(std::size_t max_bytes);

/// `path` resolved against `working_directory`, lexically normal, without a trailing slash. Follows no
/// symlinks. Without a working directory a relative path stays relative.
[[nodiscard]] std::string absolute_path(std::string_view path, std::string_view working_directory);

/// Sets the defaults that depend on other values or on the ConfigContext.
void fill_defaults(Reading& reading);

/// Records the faults of values that are not possible together, and the warnings.
void check_together(Reading& reading);

}  // namespace sutra::config
