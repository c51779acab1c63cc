// The launcher's two pipes: it reads the spec and the gate's byte from kSlotPipe, and writes its reports to
// kSlotReport. sutra-node-launch; no allocation, no C++ library.
#pragma once
#include "supervisor/launch/spec.h"

namespace sutra::launch {

/// A spec, and its strings as argv and envp. The strings are in static memory.
struct LoadedSpec {
  Spec spec;
  char* strings[kMaxArguments + 2];  ///< argv, null, envp, null
  char** argv;
  char** envp;
};

/// Reads the spec from kSlotPipe. Returns 0 or an errno: EPROTO when the spec is cut short, of another
/// version, or not valid.
int read_spec(LoadedSpec& loaded);

/// Blocks until the supervisor opens the gate; then returns 0. Returns kGateClosed when the supervisor has
/// closed the pipe or is dead, else an errno.
constexpr int kGateClosed = -1;
int wait_at_gate();

/// Sends one report to `fd`.
void report(int fd, Stage stage, int error);

}  // namespace sutra::launch
