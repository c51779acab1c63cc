// Advice for operators, by errno. Both processes.
#pragma once
#include <initializer_list>
#include <string>

namespace sutra {

/// The caller's advice for one errno, used instead of the general advice.
struct Advice {
  int errnum = 0;
  std::string text;
};

/// The advice for an operation that failed with `errnum`, for Error::remedy: from `special` if it has one for
/// this errno, else a general one; empty when there is none. `directory`: where the operation created, wrote
/// or read something; empty when it used no directory (then only advice about descriptors and memory
/// applies). Pure.
[[nodiscard]] std::string errno_advice(int errnum, const std::string& directory,
                                       std::initializer_list<Advice> special = {});

}  // namespace sutra
