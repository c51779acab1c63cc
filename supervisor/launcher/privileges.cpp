// Resets signals and drops capabilities. Uses raw system calls, because musl's wrappers refuse the three
// signals that musl uses itself, and musl has no capset(). sutra-node-launch.
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "supervisor/launcher/steps.h"

namespace sutra::launch {
namespace {

constexpr int kSignals = 64;
constexpr int kCapabilities = 64;
constexpr uint32_t kCapabilityVersion = 0x20080522;  // _LINUX_CAPABILITY_VERSION_3 of linux/capability.h

struct CapabilityHeader {
  uint32_t version;
  int pid;
};
struct CapabilitySets {
  uint32_t effective, permitted, inheritable;
};
struct KernelSigaction {  // SIG_DFL, no flags, empty mask: all zero on every architecture
  unsigned long words[8];
};

}  // namespace

int reset_signals(const Spec&) {
  const KernelSigaction by_default{};
  for (int number = 1; number <= kSignals; ++number) {
    if (number == SIGKILL || number == SIGSTOP) continue;
    if (syscall(SYS_rt_sigaction, number, &by_default, nullptr, kSignals / 8) != 0) return errno;
  }
  const uint64_t none = 0;
  return syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, sizeof none) != 0 ? errno : 0;
}

int drop_bounding_set(const Spec&) {
  for (int capability = 0; capability < kCapabilities; ++capability) {
    const int held = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
    if (held < 0) break;  // EINVAL: the kernel knows no capability of this number or above
    if (held == 0 || prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) continue;
    if (errno == EPERM)
      break;  // not root: allowed, since no_new_privs stops an exec from gaining capabilities
    return errno;
  }
  return 0;
}

int clear_capabilities(const Spec&) {
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL) return errno;
  const CapabilityHeader self{kCapabilityVersion, 0};
  const CapabilitySets none[2]{};
  return syscall(SYS_capset, &self, none) != 0 ? errno : 0;
}

}  // namespace sutra::launch
