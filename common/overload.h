// Combines lambdas, one for each alternative of a variant: std::visit(Overload{...}, value). Both processes.
#pragma once

namespace sutra {

template <typename... F>
struct Overload : F... {
  using F::operator()...;
};

}  // namespace sutra
