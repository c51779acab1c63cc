// Checks UTF-8 and finds control characters. Pure. Both processes.
#pragma once
#include <cstddef>
#include <string_view>

namespace sutra {

/// The length in bytes (1 to 4) of the character at the start of `text`; 0 when the text is empty or does not
/// start with well-formed UTF-8. Overlong forms, surrogates and code points above U+10FFFF are not
/// well-formed (RFC 3629).
[[nodiscard]] std::size_t utf8_front(std::string_view text);

/// True when the character at the start of `text` is a control character: U+0000-001F, U+007F-009F, U+2028
/// (line separator) or U+2029 (paragraph separator). `length`: the result of utf8_front(text).
[[nodiscard]] bool is_control(std::string_view text, std::size_t length);

/// Offset of the first byte that is not part of a well-formed character; npos when there is none.
[[nodiscard]] std::size_t first_malformed(std::string_view text);

}  // namespace sutra
