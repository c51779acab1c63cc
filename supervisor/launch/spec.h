// The protocol between the supervisor and sutra-node-launch: a spec of fixed layout on a pipe, then one byte
// that opens the gate. The launcher has no C++ library, so this file uses plain C types only. Both must be of
// one version.
//
// Layout on the pipe: Spec, then `strings_size` bytes of NUL-terminated strings (argv, then envp), then, when
// the supervisor has recorded the pid, the byte kGateOpen. End of file before that byte: the launcher exits
// and nothing was started.
//
// Reports go up a second, CLOEXEC pipe as Report. kAboutToExec followed by end of file means that execve
// succeeded; a failing stage means that it did not; end of file alone means that the launcher was killed.
#pragma once
#include <stdint.h>  // NOLINT(modernize-deprecated-headers): the launcher has no C++ library

namespace sutra::launch {

// Descriptors that the launcher finds. Everything from kFirstClosed up is closed before it runs.
enum Slot : int {
  kSlotPipe = 3,       // spec and gate, read end
  kSlotReport = 4,     // reports, write end, CLOEXEC
  kSlotDirectory = 5,  // data directory (O_PATH is enough), when kLockDirectory or kChangeDirectory is set
  kSlotLog = 6,        // becomes stdout and stderr, when kRedirectOutput is set
  kSlotExtra0 = 7,     // handed on to the program as 3, 4, 5 (comms: channel, table, configuration)
  kSlotExtra1 = 8,
  kSlotExtra2 = 9,
  kSlotLauncher = 10,  // the launcher's own file, O_PATH and CLOEXEC: what is exec'd
  kFirstClosed = 11,
};

enum Flag : uint32_t {
  kSetIds = 1 << 0,           // setgroups({}), setresgid, setresuid
  kRedirectOutput = 1 << 1,   // stdin from /dev/null, stdout and stderr to kSlotLog
  kChangeDirectory = 1 << 2,  // fchdir to kSlotDirectory
  kLockDirectory = 1 << 3,    // reopened as the program's user and flock'ed (LOCK_EX|LOCK_NB); the program
                              // inherits it as kSlotDirectory
  kDieWithParent = 1 << 4,  // PR_SET_PDEATHSIG (SIGKILL), and fail when the parent is no longer `parent_pid`
  kPassExtra = 1 << 5,      // kSlotExtra0..2 become 3..5 of the program; not together with a directory
  kNewSession = 1 << 6,     // setsid: the leader of a process group of its own
  kMarkExec = 1 << 7,  // a byte is written to kSlotExtra0 just before execve; not together with kPassExtra
};

// Steps that need no flag: all signals are set to their default action and unblocked, all capabilities are
// dropped (from the bounding set too, where permitted), and no_new_privs is set.

// The step that failed. The numbers are part of the protocol.
enum Stage : uint32_t {
  kAboutToExec = 0,
  kStageSpec = 1,
  kStageSession,
  kStageParent,
  kStageLimits,
  kStageOom,
  kStageSignals,
  kStageStdio,
  kStageIds,
  kStageCapabilities,
  kStageNoNewPrivs,
  kStageDirectory,
  kStageLock,
  kStageGate,
  kStageExec,
};

struct Report {
  uint32_t stage;
  int32_t error;  // errno
};

struct Limit {
  int32_t resource;  // RLIMIT_*; -1 = unused
  uint32_t reserved;
  uint64_t soft, hard;
};

constexpr uint32_t kSpecMagic = 0x4c4e5453;  // "STNL"
constexpr uint32_t kSpecVersion = 1;
constexpr uint32_t kMaxStrings = 48 * 1024;  // a pipe holds 64 KiB: writing a spec never blocks
constexpr uint32_t kMaxArguments = 256;      // argv and envp together
constexpr uint32_t kMaxLimits = 6;
constexpr int32_t kKeepOomScore = INT32_MIN;  // Spec::oom_score_adj: leave it as it is
constexpr char kGateOpen = 'g';

// Exit statuses of the launcher itself.
constexpr int kExitGateClosed = 125;
constexpr int kExitFailed = 126;

struct Spec {
  uint32_t magic, version;
  uint32_t flags;
  int32_t oom_score_adj;
  uint32_t uid, gid;
  int32_t parent_pid;
  uint32_t argc, envc;  // strings that follow: argv[0..argc), envp[0..envc)
  uint32_t strings_size;
  Limit limits[kMaxLimits];
  char program[256];  // absolute path
};
static_assert(sizeof(Report) == 8 && sizeof(Limit) == 24 && sizeof(Spec) == 440,
              "both programs read this layout");

}  // namespace sutra::launch
