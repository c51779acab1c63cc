// "Did you mean": the known word that is the fewest typing errors away. Pure. Both processes.
#pragma once
#include <cstddef>
#include <string_view>
#include <vector>

namespace sutra {

/// Insertions, deletions, replacements and swaps of neighbours between the two; each counts 1.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The nearest of `known`, the first of equals; empty only when `known` is.
[[nodiscard]] std::string_view nearest_word(std::string_view word,
                                            const std::vector<std::string_view>& known);

}  // namespace sutra
