// Finds the known word that is most similar to a misspelled one. Pure. Both processes.
#pragma once
#include <cstddef>
#include <string_view>
#include <vector>

namespace sutra {

/// The number of insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The word of `known` with the smallest distance, the first one of several. Empty only when `known` is
/// empty.
[[nodiscard]] std::string_view nearest_word(std::string_view word,
                                            const std::vector<std::string_view>& known);

}  // namespace sutra
