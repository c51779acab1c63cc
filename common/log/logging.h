// The log: one line a fact on stderr, as text with a leading symbol or as JSON with fields. Both processes.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "common/log/level.h"

namespace sutra::log {

/// A named value. JSON keeps its type; text shows only the message, which already says it.
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

/// Call at start, before other threads log; again when the configuration is known. `role` ("supervisor",
/// "comms") is a field in JSON. $SUTRA_LOG (trace debug info warn error) overrides `level`; an unknown word
/// there is reported and ignored. Without it $RUST_LOG does, when it holds one of these words. Starts no thread. Never blocks on a full pipe for longer than a write(2)
/// does, and never fails the caller: a log that cannot be written is lost. The process must ignore SIGPIPE.
/// Before init, lines go to stderr as text, from level info up.
void init(std::string_view role, LogLevel level, LogFormat format);

/// From now on nothing is written: for programs that simulate a process a million times.
void silence();

/// One line "TIME  SYMBOL MESSAGE", or one JSON object {"ts","level","role","msg",fields...}. TIME is UTC, in
/// milliseconds. `symbol` is text-only ("🚀"); empty for none. `message` is a whole sentence and stands in
/// both formats; whatever it contains, it stays one line: control characters and bytes that are not UTF-8
/// are shown escaped. From any thread, but not from a signal handler nor between fork and exec.
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

/// False lets a caller skip building a message nobody will see.
[[nodiscard]] bool enabled(LogLevel level);

}  // namespace sutra::log
