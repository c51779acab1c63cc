// The launcher's two pipes: it reads the spec and the gate's byte from one and writes its reports to the
// other. sutra-node-launch.
#pragma once
#include "supervisor/launch/spec.h"

namespace sutra::launch {

/// A spec with its strings split into argv and envp. Lives in static memory.
struct LoadedSpec {
  Spec spec;
  char* strings[kMaxArguments + 2];  ///< argv, null, envp, null
  char** argv;
  char** envp;
};

/// Reads the spec from kSlotPipe. 0, or an errno: EPROTO for a spec that is cut short or not one of ours.
int read_spec(LoadedSpec& loaded);

/// Blocks until the supervisor opens the gate: 0. kGateClosed when it is gone, else an errno.
constexpr int kGateClosed = -1;
int wait_at_gate();

/// Sends one report to `fd`.
void report(int fd, Stage stage, int error);

}  // namespace sutra::launch
