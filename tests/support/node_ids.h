// Node ids from literals that are valid. Tests only.
#pragma once
#include <string_view>

#include "common/node_id.h"

namespace sutra::testing {

/// Throws std::bad_variant_access, which fails the test, when `text` is not a node_id.
[[nodiscard]] inline NodeId id_of(std::string_view text) { return NodeId::parse(text).value(); }

}  // namespace sutra::testing
