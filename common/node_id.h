// What may name a node. The id becomes a file name, a cgroup name and an argument, so the alphabet is small.
// Both processes.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sutra {

inline constexpr std::size_t kNodeIdMax = 64;

/// Why `id` cannot name a node, or nothing when it can: 1-64 of A-Z a-z 0-9 . _ -, not starting with a dot
/// or a dash. The text is safe to print: bytes outside the alphabet are shown as \xNN.
[[nodiscard]] std::optional<std::string> node_id_fault(std::string_view id);

/// `text` with every byte that is not printable ASCII as \xNN, cut after `limit` bytes with "...".
[[nodiscard]] std::string printable(std::string_view text, std::size_t limit = 80);

}  // namespace sutra
