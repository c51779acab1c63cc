// Every key that a configuration file may have, and a file that is half read. The one table of keys drives
// parsing, suggestions, rendering and the tests. Both processes.
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

/// What a key takes, and where its value lands in Config.
struct Kind {
  std::string allowed;  ///< for messages: "an integer from 1 to 65535"
  /// Puts the value into the Config, or notes a fault and leaves the Config as it was.
  std::function<void(const Value&)> read;
  /// The value as TOML; empty: the key is left out, which says the same.
  std::function<std::string(const Config&)> render;
};

enum class Presence {
  kRequired,
  kOptional,  ///< its default is the initializer in Config, or comes from fill_defaults
  kPrivate,   ///< optional, and kept from comms
};

struct Key {
  std::string_view name;  ///< "agent.agent_port"
  Presence presence;
  Kind kind;
  /// Why an explicit value is refused in this version; empty when it is not. Of a boolean only `true` is.
  std::string_view not_available = {};
  [[nodiscard]] std::string_view table() const { return name.substr(0, name.find('.')); }
  [[nodiscard]] std::string_view leaf() const { return name.substr(name.find('.') + 1); }
};

/// In the order in which they are rendered; the keys of a table stand together.
[[nodiscard]] const std::vector<Key>& all_keys();
/// nullptr when there is none of this full name.
[[nodiscard]] const Key* find_key(std::string_view name);

/// What the file says about a key.
struct Given {
  std::uint32_t line = 0;  ///< 0: the file does not have the key
  bool valid = true;       ///< false: a fault was noted, and Config has the default
};

struct Reading {
  const ConfigContext& context;
  LoadedConfig& loaded;
  bool listen_address_set = false;  ///< storage.listen_address is in the file: {listen_address} may be used
  std::map<std::string_view, Given> keys = {};  ///< those that the file has, by Key::name

  void fault(std::uint32_t line, std::string_view key, std::string text) {
    loaded.faults.push_back({line, std::string(key), std::move(text)});
  }
  [[nodiscard]] Given given(std::string_view key) const {
    const auto found = keys.find(key);
    return found == keys.end() ? Given{} : found->second;
  }
};

/// What a text must be besides a string.
struct TextRule {
  std::string allowed;  ///< for messages: "an IP address without port"
  /// May rewrite the text: a path becomes absolute.
  std::function<bool(std::string& text, const ConfigContext& context)> fits;
  /// Why a text is refused that looks allowed, and what to write instead; empty when it is not refused.
  std::function<std::string(const std::string& text, const ConfigContext& context)> refusal = {};
};

/// A key's value in the file. The members that return nothing have noted a fault.
struct Value {
  const Key& key;
  const toml::node& node;
  Reading& reading;

  [[nodiscard]] Config& config() const { return reading.loaded.config; }
  void fault(const toml::node& found, std::string text) const;
  /// "found integer 5; allowed is ...", of the value or an element of it.
  std::nullopt_t unfit(const toml::node& found) const;
  [[nodiscard]] std::optional<std::string> text(const toml::node& found, const TextRule& rule) const;
  /// Messages name the template by `subject` and never show it: it may hold a secret.
  [[nodiscard]] std::optional<std::string> text_template(const toml::node& found,
                                                         const std::string& subject) const;
  [[nodiscard]] std::optional<HostPort> host_port(const toml::node& found) const;
  [[nodiscard]] const toml::array* array(std::size_t max_elements) const;
};

inline constexpr std::size_t kRuntimeDirMax = 94;  ///< bytes; "/control.sock" must fit in a socket address

/// "integer 5", "string \"abc\"", "an array": safe to print.
[[nodiscard]] std::string found_text(const toml::node& node);

/// "has 201 entries; at most 200 are allowed"; nothing when it is within the limit.
[[nodiscard]] std::optional<std::string> too_many(std::size_t size, std::size_t limit, std::string_view unit);
[[nodiscard]] bool is_environment_name(std::string_view name);
[[nodiscard]] TextRule label();
[[nodiscard]] TextRule address();
[[nodiscard]] TextRule host();
[[nodiscard]] TextRule user();
[[nodiscard]] TextRule at_most(std::size_t bytes);
[[nodiscard]] TextRule path(std::size_t max_bytes);

/// `path` against `working_directory`, lexically normal, without a slash at the end. Without a working
/// directory a relative path stays one.
[[nodiscard]] std::string absolute_path(std::string_view path, std::string_view working_directory);

/// Fills in the defaults that depend on other values or on where we run.
void fill_defaults(Reading& reading);

/// Notes the faults that no single key shows: values that do not go together.
void check_together(Reading& reading);

}  // namespace sutra::config
