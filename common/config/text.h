// A configuration text by lines: which table a line stands in and which key it sets. It is what can still be
// told when the text is no valid TOML. Both processes.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sutra::config {

struct TextLine {
  std::size_t begin = 0, end = 0;  ///< byte offsets, without the line's end
  bool is_table = false;           ///< "[name]"
  std::string name;  ///< "agent.agent_port" for a key, "agent" for a table; empty for anything else
};

/// Line N is at index N - 1. Lines inside multi-line strings are taken for what they look like.
[[nodiscard]] std::vector<TextLine> text_lines(std::string_view text);

/// The line before `line` (1-based) that has the same name and kind; 0 when there is none.
[[nodiscard]] std::uint32_t earlier_line(const std::vector<TextLine>& lines, std::uint32_t line);

}  // namespace sutra::config
