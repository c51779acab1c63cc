// The text of one log line, without its time. Pure. Both processes.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "common/log/logging.h"

namespace sutra::log {

/// "trace" "debug" "info" "warn" "error": the words of logging.level and $SUTRA_LOG.
[[nodiscard]] std::string_view level_word(LogLevel level);

/// "SYMBOL MESSAGE", or MESSAGE without a symbol.
[[nodiscard]] std::string text_line(std::string_view symbol, std::string_view message);

/// The object's members after "ts", without braces: "level":...,"role":...,"msg":...,fields.
[[nodiscard]] std::string json_members(std::string_view role, LogLevel level, std::string_view message,
                                       std::span<const Field> fields);

}  // namespace sutra::log
