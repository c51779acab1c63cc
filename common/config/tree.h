// A TOML text as plain values that know their line: the seam between the TOML library, which no other file
// of the configuration includes, and what the values mean. Both processes.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/config/config.h"

namespace sutra::config {

struct Entry;
using Entries = std::vector<Entry>;

/// A value that no key takes: a float, a date. `text` is how a message names it.
struct OtherValue {
  std::string text;
};

struct Value {
  std::uint32_t line = 0;  ///< 1-based
  std::variant<std::string, std::int64_t, bool, std::vector<Value>, Entries, OtherValue> is;
  /// "integer 5", "string \"abc\"", "an array": safe to print.
  [[nodiscard]] std::string found() const;
};

struct Entry {
  std::string key;
  std::uint32_t line = 0;  ///< of the key
  Value value;
};

/// What could be read. A line that breaks the syntax is a fault and, where that is safe, is passed over so
/// that the rest is checked in the same go.
struct Tree {
  Entries root;
  std::vector<ConfigFault> faults;
  std::vector<std::string>
      passed_over;       ///< full names of the keys on passed-over lines: they are not missing
  bool complete = true;  ///< false: only salvaged keys are in `root`, nothing may be called missing
};

[[nodiscard]] Tree read_tree(std::string_view text);

/// Why `text` is no configuration text at all: binary, not UTF-8, empty, an over-long line. None when it may
/// be one.
[[nodiscard]] std::vector<ConfigFault> text_faults(std::string_view text);

}  // namespace sutra::config
