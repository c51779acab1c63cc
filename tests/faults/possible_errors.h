// Which system call can fail with which error, so that only what a kernel could do is tried. Pure but for a
// look at what a descriptor refers to. Tests only.
#pragma once
#include "tests/faults/tracer.h"

namespace sutra::faults {

/// Whether the kernel could answer this call with `error` (ENOSPC, EMFILE, ENOMEM, EIO, EAGAIN).
[[nodiscard]] bool possible(int error, const Call& call);

/// "ENOSPC".
[[nodiscard]] const char* error_name(int error);

}  // namespace sutra::faults
