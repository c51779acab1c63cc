// Escapes text for messages, log lines, JSON and TOML. Pure. Both processes.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "common/utf8.h"

namespace sutra {

/// The longest prefix of `text` of at most `limit_bytes` that does not cut a UTF-8 character.
[[nodiscard]] std::string_view front_of(std::string_view text, std::size_t limit_bytes);

/// `text` for a message: bytes of control characters and bytes that are not UTF-8 as \xNN. At most
/// `limit_bytes` of `text`, then "..." if it is longer; characters are not cut.
[[nodiscard]] std::string printable(std::string_view text, std::size_t limit_bytes = 80);

/// The whole `text` as one line for a terminal: control characters as \n \t \r \xNN \uNNNN, bytes that are
/// not UTF-8 as \xNN.
[[nodiscard]] std::string one_line(std::string_view text);

/// `text` as a JSON string, with quotes: control characters as \n \t \r \uNNNN. JSON allows only UTF-8, so
/// another byte becomes the four characters \xNN.
[[nodiscard]] std::string json_string(std::string_view text);

/// `text` as a TOML basic string on one line, with quotes: control characters as \uNNNN. `text` must be
/// UTF-8; a byte that is not becomes U+FFFD, because TOML cannot represent it.
[[nodiscard]] std::string toml_string(std::string_view text);

}  // namespace sutra
