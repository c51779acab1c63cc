// A checksum as the last line of a text, so that a file cut short or changed by a bad disk is noticed and
// never taken for another, valid one. Pure. Supervisor.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace sutra::supervisor::ledger {

/// Adds "# crc32 XXXXXXXX\n" over all that is in `text`, which must end with a newline.
void add_checksum(std::string& text);

/// `bytes` without their checksum line, or nothing when there is none or it does not match. To a TOML reader
/// the line is a comment.
[[nodiscard]] std::optional<std::string_view> without_checksum(std::string_view bytes);

}  // namespace sutra::supervisor::ledger
