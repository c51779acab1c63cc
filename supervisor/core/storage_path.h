// Where a node's data lies: a directory beneath an allowed root that it shares with no other node. Pure.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "supervisor/core/admission.h"

namespace sutra::supervisor::core {

inline constexpr std::size_t kStoragePathMax = 255;  ///< bytes

struct Place {
  std::string path;     ///< absolute, normal
  std::string root;     ///< of the roots above it the nearest
  std::string note;     ///< a placeholder that was sent, and what it means; else empty
  std::string warning;  ///< a path that was sent and ignored, and why; else empty
};

/// Resolves `sent`: empty, or one of `placeholder_paths`, is data_path/node_id, relative lies beneath data_path, absolute stays. "." and
/// empty parts fall away. What comes out lies beneath a root, is not and does not contain a root, is not and
/// neither contains nor lies in another node's directory, and has at most kStoragePathMax bytes. Text that is
/// not UTF-8, control characters and ".." are refused. With `ignore_outside` a path that is not beneath a
/// root, or has a "..", is replaced by data_path/node_id; the other faults are refused all the same.
[[nodiscard]] std::variant<Place, Refusal> place(const NodeId& node_id, std::string_view sent,
                                                 const AdmissionPolicy& policy,
                                                 std::span<const KnownNode> known);

}  // namespace sutra::supervisor::core
