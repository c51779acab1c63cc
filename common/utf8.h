// Where valid UTF-8 ends, and what of it may reach a terminal. Both processes.
#pragma once
#include <cstddef>
#include <string_view>

namespace sutra {

/// Bytes of the well-formed character at the front of `text`: 1 to 4; 0 when there is none. Overlong forms,
/// surrogates and code points beyond U+10FFFF are not well-formed.
[[nodiscard]] std::size_t utf8_front(std::string_view text);

/// The character at the front is a control character: U+0000-001F, U+007F-009F, or one of the line and
/// paragraph separators U+2028 and U+2029. `length` is what utf8_front said.
[[nodiscard]] bool is_control(std::string_view text, std::size_t length);

/// Offset of the first byte that belongs to no well-formed character; npos when all do.
[[nodiscard]] std::size_t first_malformed(std::string_view text);

}  // namespace sutra
