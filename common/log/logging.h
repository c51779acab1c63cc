// The log: one line on stderr for each event, as text with a leading symbol, or as JSON with fields. Both
// processes.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "common/log/level.h"

namespace sutra::log {

/// A named value for JSON, which keeps its type. The text format shows only the message.
struct Field {
  std::string_view name;
  std::variant<std::string, std::int64_t, std::uint64_t, bool> value;
  Field(std::string_view n, std::string_view v) : name(n), value(std::string(v)) {}
  Field(std::string_view n, const char* v) : name(n), value(std::string(v)) {}
  Field(std::string_view n, const std::string& v) : name(n), value(v) {}
  Field(std::string_view n, bool v) : name(n), value(v) {}
  template <typename T>
  requires std::is_integral_v<T> Field(std::string_view n, T v) : name(n) {
    if constexpr (std::is_signed_v<T>) {
      value = static_cast<std::int64_t>(v);
    } else {
      value = static_cast<std::uint64_t>(v);
    }
  }
};

/// Call it at the start, before other threads log. `role` ("supervisor", "comms") is a field in JSON.
/// $SUTRA_LOG (trace debug info warn error) overrides `level`; another word there is reported and ignored.
/// When it is not set, $RUST_LOG does, if it holds one of these words.
/// Starts no thread. A line is one write(2), which blocks while a pipe is full; a line that cannot be written
/// is lost, without an error. The process must ignore SIGPIPE. Before init(), lines of level info and above
/// go to stderr as text.
void init(std::string_view role, LogLevel level, LogFormat format);

/// Writes nothing from now on. For the simulation, which runs the code millions of times.
void silence();

/// Writes "TIME  SYMBOL MESSAGE", or a JSON object {"ts","level","role","msg",fields...}. TIME is UTC with
/// milliseconds. `symbol` ("🚀"; may be empty) is in the text format only. `message` is in both formats;
/// control characters and bytes that are not UTF-8 are escaped, so it is always one line. From any thread;
/// not from a signal handler, and not between fork and exec.
void write(LogLevel level, std::string_view symbol, std::string_view message,
           std::initializer_list<Field> fields = {});

inline void debug(std::string_view symbol, std::string_view message,
                  std::initializer_list<Field> fields = {}) {
  write(LogLevel::kDebug, symbol, message, fields);
}
inline void info(std::string_view symbol, std::string_view message,
                 std::initializer_list<Field> fields = {}) {
  write(LogLevel::kInfo, symbol, message, fields);
}
inline void warning(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(LogLevel::kWarning, "⚠️ ", message, fields);
}
inline void error(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(LogLevel::kError, "❌", message, fields);
}

/// Whether a line of this level would be written; lets a caller skip building the message.
[[nodiscard]] bool enabled(LogLevel level);

}  // namespace sutra::log
