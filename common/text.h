// Text made fit for where it goes: a message, a line of the log, JSON, TOML. One walk over characters, four
// ways to write those that may not stand as they are. Pure. Both processes.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "common/utf8.h"

namespace sutra {

/// The longest front of `text` that has at most `limit_bytes` and ends with a whole character.
[[nodiscard]] std::string_view front_of(std::string_view text, std::size_t limit_bytes);

/// `text` for a message: each byte of a control character, and each that is not UTF-8, as \xNN. At most
/// `limit_bytes` of `text` are shown, never a part of a character; "..." follows when it was cut.
[[nodiscard]] std::string printable(std::string_view text, std::size_t limit_bytes = 80);

/// `text` fit for one line of a terminal, whole: control characters as \n \t \r \xNN \uNNNN, bytes that are
/// not UTF-8 as \xNN.
[[nodiscard]] std::string one_line(std::string_view text);

/// `text` as a JSON string with its quotes: control characters as \n \t \r \uNNNN. JSON has no bytes, so one
/// that is not UTF-8 becomes the four characters \xNN.
[[nodiscard]] std::string json_string(std::string_view text);

/// `text` as a TOML basic string with its quotes, on one line: control characters as \uNNNN. `text` must be
/// UTF-8; a byte that is not becomes U+FFFD, because a TOML file with it could not be read back.
[[nodiscard]] std::string toml_string(std::string_view text);

}  // namespace sutra
