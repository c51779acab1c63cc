// From an errno to what an operator can do about it. Both processes.
#pragma once
#include <initializer_list>
#include <string>

namespace sutra {

/// What the caller knows better than the general advice for this errno.
struct Advice {
  int errnum = 0;
  std::string text;
};

/// The remedy for an operation that failed with `errnum`: the text of the first of `special` that is for it,
/// else the general one; empty when there is nothing to add to the errno's own text. Meant for Error::remedy.
/// `directory` is where the operation made, wrote or read something; empty: it was about no directory, so
/// only the advice about descriptors, memory and the like applies. Pure.
[[nodiscard]] std::string errno_advice(int errnum, const std::string& directory,
                                       std::initializer_list<Advice> special = {});

}  // namespace sutra
